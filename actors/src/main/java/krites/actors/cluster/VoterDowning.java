package krites.actors.cluster;

import com.typesafe.config.Config;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.AbstractActorWithTimers;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.actor.Address;
import org.apache.pekko.actor.Props;
import org.apache.pekko.cluster.Cluster;
import org.apache.pekko.cluster.ClusterEvent.CurrentClusterState;
import org.apache.pekko.cluster.DowningProvider;
import org.apache.pekko.cluster.Member;
import org.apache.pekko.cluster.MemberStatus;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Option;
import scala.concurrent.duration.FiniteDuration;

/** Gives up nodes as {@link VoterRule} decides. Pekko makes it, by its class name. */
public final class VoterDowning extends DowningProvider {
  /** The role of a node that has a vote. */
  public static final String VOTER = "voter";

  /** Its section in the configuration of the actor system. */
  public static final String CONFIG = "krites.cluster.downing";

  private static final Logger LOG = LoggerFactory.getLogger(VoterDowning.class);

  private static final Duration LOOK_EVERY = Duration.ofMillis(500); // finer than any of the limits

  private static final FiniteDuration MARGIN =
      FiniteDuration.create(
          2, TimeUnit.SECONDS); // for a singleton on the other side to have stopped

  private final ActorSystem system;

  /** Called by Pekko. */
  public VoterDowning(ActorSystem system) {
    this.system = system;
  }

  @Override
  public FiniteDuration downRemovalMargin() {
    return MARGIN;
  }

  @Override
  public Option<Props> downingActorProps() {
    return Option.apply(Props.create(Watcher.class, () -> new Watcher(limits())));
  }

  private VoterRule.Limits limits() {
    Config config = system.settings().config().getConfig(CONFIG);
    return new VoterRule.Limits(
        config.getInt("quorum"),
        config.getDuration("worker-unreachable"),
        config.getDuration("voter-unreachable"),
        config.getDuration("no-quorum"),
        config.getDuration("first-quorum"));
  }

  /** Looks at the members in regular intervals. */
  private static final class Watcher extends AbstractActorWithTimers {
    private enum Look {
      NOW
    }

    private final Cluster cluster = Cluster.get(getContext().getSystem());
    private final VoterRule rule;

    Watcher(VoterRule.Limits limits) {
      this.rule = new VoterRule(limits);
      getTimers().startTimerWithFixedDelay(Look.NOW, Look.NOW, LOOK_EVERY);
    }

    @Override
    public Receive createReceive() {
      return receiveBuilder().match(Look.class, look -> look()).build();
    }

    private void look() {
      CurrentClusterState state = cluster.state();
      Map<String, Address> addresses = new HashMap<>();
      List<VoterRule.Seen> members = new ArrayList<>();
      for (Member member : state.getMembers()) {
        if (counts(member)) {
          String name = member.uniqueAddress().toString();
          addresses.put(name, member.address());
          members.add(
              new VoterRule.Seen(
                  name, member.hasRole(VOTER), !state.getUnreachable().contains(member)));
        }
      }
      VoterRule.Verdict verdict =
          rule.look(cluster.selfUniqueAddress().toString(), members, System.nanoTime());
      for (String name : verdict.down()) {
        Address address = addresses.get(name);
        if (address != null) {
          LOG.warn("{} is given up: it was unreachable for too long", address);
          cluster.down(address);
        }
      }
      if (verdict.downSelf()) {
        LOG.warn("this node sees no quorum of voters and gives itself up");
        cluster.down(cluster.selfAddress());
      }
    }

    private static boolean counts(Member member) {
      MemberStatus status = member.status();
      return !status.equals(MemberStatus.down()) && !status.equals(MemberStatus.removed());
    }
  }
}
