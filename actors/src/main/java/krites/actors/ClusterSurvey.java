package krites.actors;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import krites.actors.wire.ControlMessage;
import krites.actors.wire.LocalMessage;
import krites.grpo.PolicyVersion;
import krites.grpo.record.RunStatus;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.receptionist.Receptionist;
import org.apache.pekko.cluster.ClusterEvent;
import org.apache.pekko.cluster.Member;

/**
 * Asks every node and the coordinator how they are, once, and tells what came within a moment: a
 * node that does not answer is still named.
 */
public final class ClusterSurvey {
  /** What it understands. */
  public sealed interface Command {}

  /**
   * What an actor of a job does on its node.
   *
   * @param version that a rollout worker samples with
   * @param tokensPerSecond of its finished groups, lately
   */
  public record HostedActor(String actor, Optional<PolicyVersion> version, double tokensPerSecond)
      implements ControlMessage {}

  /** What a node says of itself; {@code job} is empty where none is hosted. */
  public record NodeSaid(String node, List<String> devices, String job, List<HostedActor> actors)
      implements Command, ControlMessage {
    public NodeSaid {
      devices = List.copyOf(devices);
      actors = List.copyOf(actors);
    }
  }

  /** What the coordinator says of the job; {@code job} is empty where there is none. */
  public record JobSaid(String job, String phase, Optional<RunStatus> status)
      implements Command, ControlMessage {}

  private record Found(Set<ActorRef<NodeAgent.Command>> agents) implements Command, LocalMessage {}

  private record TimeIsUp() implements Command, LocalMessage {}

  /**
   * A member of the cluster.
   *
   * @param status as Pekko calls it: joining, up, leaving, exiting, down
   * @param said empty where it did not answer in time
   */
  public record MemberView(
      String address, String status, boolean reachable, Set<String> roles, Optional<NodeSaid> said)
      implements ControlMessage {
    public MemberView {
      roles = Set.copyOf(roles);
    }
  }

  /**
   * The cluster as one node sees it.
   *
   * @param leader who leads the job, empty where nobody answers
   */
  public record View(
      String version, String cluster, List<MemberView> members, Optional<JobSaid> job)
      implements ControlMessage {
    public View {
      members = List.copyOf(members);
    }
  }

  private static final Duration WITHIN =
      Duration.ofSeconds(3); // a person waits; a node that takes longer is worth naming

  private ClusterSurvey() {}

  static Behavior<Command> create(
      String version,
      String cluster,
      ActorRef<Coordinator.Command> coordinator,
      ActorRef<View> replyTo) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> {
                  timers.startSingleTimer(new TimeIsUp(), WITHIN);
                  coordinator.tell(new Coordinator.Describe(context.getSelf()));
                  ActorRef<Receptionist.Listing> listings =
                      context.messageAdapter(
                          Receptionist.Listing.class,
                          listing -> new Found(listing.getServiceInstances(NodeAgent.KEY)));
                  context
                      .getSystem()
                      .receptionist()
                      .tell(Receptionist.find(NodeAgent.KEY, listings));
                  var survey = new Survey(version, cluster, context.getSelf(), replyTo);
                  return Behaviors.receiveMessage(
                      command -> survey.takes(command, context.getSystem()));
                }));
  }

  private static final class Survey {
    private final String version;
    private final String cluster;
    private final ActorRef<Command> self;
    private final ActorRef<View> replyTo;
    private final List<NodeSaid> nodes = new ArrayList<>();
    private Optional<JobSaid> job = Optional.empty();
    private int asked = -1;

    Survey(String version, String cluster, ActorRef<Command> self, ActorRef<View> replyTo) {
      this.version = version;
      this.cluster = cluster;
      this.self = self;
      this.replyTo = replyTo;
    }

    Behavior<Command> takes(Command command, ActorSystem<?> system) {
      switch (command) {
        case Found(Set<ActorRef<NodeAgent.Command>> agents) -> {
          asked = agents.size();
          agents.forEach(agent -> agent.tell(new NodeAgent.Describe(self)));
        }
        case NodeSaid said -> nodes.add(said);
        case JobSaid said -> job = Optional.of(said);
        case TimeIsUp() -> {
          return tell(system);
        }
      }
      return job.isPresent() && nodes.size() == asked ? tell(system) : Behaviors.same();
    }

    private Behavior<Command> tell(ActorSystem<?> system) {
      ClusterEvent.CurrentClusterState state =
          org.apache.pekko.cluster.Cluster.get(Adapter.toClassic(system)).state();
      List<MemberView> members = new ArrayList<>();
      for (Member member : state.getMembers()) {
        String name = KritesNode.nameOf(member.uniqueAddress());
        members.add(
            new MemberView(
                KritesNode.hostAndPort(member.address()),
                member.status().toString().toLowerCase(java.util.Locale.ROOT),
                !state.getUnreachable().contains(member),
                KritesNode.rolesOf(member),
                nodes.stream().filter(said -> said.node().equals(name)).findFirst()));
      }
      replyTo.tell(new View(version, cluster, members, job));
      return Behaviors.stopped();
    }
  }
}
