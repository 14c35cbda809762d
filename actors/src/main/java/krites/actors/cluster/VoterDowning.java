package krites.actors.cluster;

import com.typesafe.config.Config;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.AbstractActorWithTimers;
import org.apache.pekko.actor.ActorRef;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.actor.Props;
import org.apache.pekko.cluster.Cluster;
import org.apache.pekko.cluster.ClusterEvent.CurrentClusterState;
import org.apache.pekko.cluster.DowningProvider;
import org.apache.pekko.cluster.Member;
import org.apache.pekko.cluster.MemberStatus;
import org.apache.pekko.cluster.UniqueAddress;
import org.apache.pekko.remote.artery.QuarantinedEvent;
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

  private static final Duration TRY_AFTER =
      Duration.ofMillis(500); // a process takes a moment to let go of all that it had open

  private static final int TRIES = 2; // in a row: a process may be between ending and coming again

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
    boolean looks = system.settings().config().getBoolean(CONFIG + ".refused-means-ended");
    return Option.apply(Props.create(Watcher.class, () -> new Watcher(limits(), looks)));
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

  /**
   * Looks at the members in regular intervals; a voter, who decides, also at their ports when a
   * connection has ended: the connections of a process end with it, and then its port refuses new
   * ones. So a node whose process was killed is given up within two seconds, and not after the
   * silence of a failure detector.
   */
  private static final class Watcher extends AbstractActorWithTimers {
    private enum Look {
      NOW
    }

    private record TryPorts() {}

    /** What became of a try. */
    private record Tried(String member, boolean refused) {}

    private final Cluster cluster = Cluster.get(getContext().getSystem());
    private final VoterRule rule;
    private final boolean looksAtPorts;
    private final Map<String, Integer> refusals = new HashMap<>();
    private int triesLeft;

    Watcher(VoterRule.Limits limits, boolean looksAtPorts) {
      this.rule = new VoterRule(limits);
      this.looksAtPorts = looksAtPorts;
      getTimers().startTimerWithFixedDelay(Look.NOW, Look.NOW, LOOK_EVERY);
    }

    @Override
    public void preStart() {
      if (looksAtPorts && cluster.getSelfRoles().contains(VOTER)) {
        getContext()
            .getSystem()
            .eventStream()
            .subscribe(getSelf(), GuardedRemoting.ConnectionEnded.class);
      }
    }

    @Override
    public Receive createReceive() {
      return receiveBuilder()
          .match(Look.class, look -> look())
          .match(GuardedRemoting.ConnectionEnded.class, ended -> onConnectionEnded())
          .match(TryPorts.class, now -> tryPorts())
          .match(Tried.class, this::onTried)
          .build();
    }

    /** A process has many connections, all of which end with it. */
    private void onConnectionEnded() {
      triesLeft = TRIES;
      if (!getTimers().isTimerActive(TryPorts.class)) {
        getTimers().startSingleTimer(TryPorts.class, new TryPorts(), TRY_AFTER);
      }
    }

    private void tryPorts() {
      for (Member member : cluster.state().getMembers()) {
        boolean leaves = member.status().equals(MemberStatus.exiting());
        if (counts(member) && !leaves && !member.equals(cluster.selfMember())) {
          String name = member.uniqueAddress().toString();
          ActorRef self = getSelf();
          Ports.look(member.address(), refused -> self.tell(new Tried(name, refused), self));
        }
      }
      triesLeft--;
      if (triesLeft > 0) {
        getTimers().startSingleTimer(TryPorts.class, new TryPorts(), TRY_AFTER);
      }
    }

    private void onTried(Tried tried) {
      if (tried.refused()) {
        refusals.merge(tried.member(), 1, Integer::sum);
      } else {
        refusals.remove(tried.member());
      }
    }

    private void look() {
      CurrentClusterState state = cluster.state();
      Map<String, UniqueAddress> addresses = new HashMap<>();
      List<VoterRule.Seen> members = new ArrayList<>();
      for (Member member : state.getMembers()) {
        if (counts(member)) {
          String name = member.uniqueAddress().toString();
          addresses.put(name, member.uniqueAddress());
          members.add(
              new VoterRule.Seen(
                  name,
                  member.hasRole(VOTER),
                  !state.getUnreachable().contains(member),
                  hasEnded(name)));
        }
      }
      refusals.keySet().retainAll(addresses.keySet());
      VoterRule.Verdict verdict =
          rule.look(cluster.selfUniqueAddress().toString(), members, System.nanoTime());
      for (String name : verdict.down()) {
        UniqueAddress node = addresses.get(name);
        if (node != null) {
          boolean ended = hasEnded(name);
          LOG.warn(
              "{} is given up: {}",
              node.address(),
              ended ? "its process has ended" : "it was unreachable for too long");
          if (ended) {
            setUnreachable(node);
          }
          cluster.down(node.address());
        }
      }
      if (verdict.downSelf()) {
        LOG.warn("this node sees no quorum of voters and gives itself up");
        cluster.down(cluster.selfAddress());
      }
    }

    /**
     * The cluster removes only those that are unreachable; what it hears so of a node makes it so,
     * at once and for ever.
     */
    private void setUnreachable(UniqueAddress node) {
      var ended = new org.apache.pekko.remote.UniqueAddress(node.address(), node.longUid());
      getContext().getSystem().eventStream().publish(new QuarantinedEvent(ended));
    }

    private boolean hasEnded(String name) {
      return refusals.getOrDefault(name, 0) >= TRIES;
    }

    private static boolean counts(Member member) {
      MemberStatus status = member.status();
      return !status.equals(MemberStatus.down()) && !status.equals(MemberStatus.removed());
    }
  }
}
