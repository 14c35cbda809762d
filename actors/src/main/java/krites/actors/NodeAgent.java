package krites.actors;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import krites.actors.wire.ControlMessage;
import krites.actors.wire.LocalMessage;
import krites.grpo.PolicyVersion;
import krites.grpo.flow.WeightUpdateMode;
import org.apache.pekko.Done;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;
import org.apache.pekko.actor.typed.receptionist.Receptionist;
import org.apache.pekko.actor.typed.receptionist.ServiceKey;
import org.jspecify.annotations.Nullable;

/**
 * A node's word in the cluster: tells the coordinator that it is there and what it takes, has the
 * actors hosted that stand-ins order, and on its way out waits until what they held was handed
 * back.
 *
 * <p>It remembers the job that goes on, so that a coordinator that came anew can ask for it. One
 * job at a time is hosted; the next begins when the last actor of the one before is gone.
 */
public final class NodeAgent {
  /** How nodes are found. */
  static final ServiceKey<Command> KEY = ServiceKey.create(Command.class, "krites-node");

  /** Its name, which is part of the path of everything that it hosts. */
  public static final String NAME = "agent";

  /** What it understands. */
  public sealed interface Command {}

  /** A coordinator is there, and wants to know what this node is. */
  public record Meet(ActorRef<Coordinator.Command> coordinator)
      implements Command, ControlMessage {}

  /** A job begins or goes on: it is remembered. */
  public record Remember(Job job) implements Command, ControlMessage {}

  /** A job has ended: nothing of it is hosted or remembered any more. */
  public record Forget(String job) implements Command, ControlMessage {}

  /** Stop an actor that is hosted; answered when it is gone, also when there is no such. */
  public record Dismiss(String actor, ActorRef<RunSupervisor.Command> replyTo)
      implements Command, ControlMessage {}

  /** Say how you are. */
  public record Describe(ActorRef<ClusterSurvey.Command> replyTo)
      implements Command, ControlMessage {}

  /** Host a rollout worker or an evaluator. */
  public record HostRollout(
      Job job,
      String actor,
      ActorRef<StandIn.Report> owner,
      String worker,
      RolloutWorker.Duty duty,
      int seat,
      ActorRef<Orchestrator.Command> orchestrator,
      ActorRef<ParameterServer.Command> parameterServer,
      WeightUpdateMode mode)
      implements Order, ControlMessage {}

  /** Host a reward worker. */
  public record HostReward(
      Job job,
      String actor,
      ActorRef<StandIn.Report> owner,
      String worker,
      ActorRef<Orchestrator.Command> orchestrator)
      implements Order, ControlMessage {}

  /**
   * Host the learner.
   *
   * @param step whose checkpoint it begins with; 0 for the start model
   * @param version of those weights
   * @param members how many it has, the leading one included, which is this one
   */
  public record HostLearner(
      Job job,
      String actor,
      ActorRef<StandIn.Report> owner,
      long step,
      PolicyVersion version,
      int members,
      ActorRef<Orchestrator.Command> orchestrator,
      ActorRef<ParameterServer.Command> parameterServer)
      implements Order, ControlMessage {}

  /**
   * Host another member of the learner.
   *
   * @param step as of the learner
   * @param version as of the learner
   * @param rank of the member, at least 1
   */
  public record HostMember(
      Job job,
      String actor,
      ActorRef<StandIn.Report> owner,
      long step,
      PolicyVersion version,
      int rank,
      ActorRef<Learner.Command> learner)
      implements Order, ControlMessage {}

  /** Host the parameter server. */
  public record HostParams(Job job, String actor, ActorRef<StandIn.Report> owner)
      implements Order, ControlMessage {}

  /** One of the orders to host an actor; one that comes twice is answered twice and done once. */
  sealed interface Order extends Command
      permits HostRollout, HostReward, HostLearner, HostMember, HostParams {
    Job job();

    String actor();

    ActorRef<StandIn.Report> owner();
  }

  /** The node is about to leave; {@code replyTo} is told when it may. */
  record Leave(ActorRef<Done> replyTo) implements Command, LocalMessage {}

  /** Everything of a job is gone from this node. */
  private record JobGone(String job) implements Command, LocalMessage {}

  private record LeaveAnyway() implements Command, LocalMessage {}

  /** Something that is hosted began or ended; when nothing is left, a leaving node may go. */
  record Hosting(String job, Set<String> actors) implements Command, LocalMessage {
    Hosting {
      actors = Set.copyOf(actors);
    }
  }

  /**
   * What a node is.
   *
   * @param name of the node, unlike that of any other that ever was
   * @param roles what it takes
   * @param job that it remembers
   */
  public record Hello(
      String name, Set<String> roles, Optional<Job> job, ActorRef<Command> agent, boolean leaving)
      implements ControlMessage {
    public Hello {
      roles = Set.copyOf(roles);
    }
  }

  private static final Duration LEAVE_WITHIN =
      Duration.ofSeconds(8); // the phase of the shutdown ends after ten

  private final ActorContext<Command> context;
  private final TimerScheduler<Command> timers;
  private final String name;
  private final Set<String> roles;
  private final NodeRooms rooms;
  private @Nullable Job job;
  private @Nullable ActorRef<JobHost.Command> host;
  private @Nullable String hostedJob;
  private final Deque<Order> next = new ArrayDeque<>();
  private Set<String> hosted = Set.of();
  private @Nullable ActorRef<Coordinator.Command> coordinator;
  private @Nullable ActorRef<Done> leaving;

  private NodeAgent(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      String name,
      Set<String> roles,
      NodeRooms rooms) {
    this.context = context;
    this.timers = timers;
    this.name = name;
    this.roles = new TreeSet<>(roles);
    this.rooms = rooms;
  }

  /**
   * @param name of the node
   * @param roles what it takes
   */
  static Behavior<Command> create(String name, Set<String> roles, NodeRooms rooms) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> {
                  context
                      .getSystem()
                      .receptionist()
                      .tell(Receptionist.register(KEY, context.getSelf()));
                  return new NodeAgent(context, timers, name, roles, rooms).running();
                }));
  }

  private Behavior<Command> running() {
    return Behaviors.receiveMessage(
        command -> {
          switch (command) {
            case Meet(ActorRef<Coordinator.Command> other) -> {
              coordinator = other;
              greet();
            }
            case Remember(Job begun) -> onRemember(begun);
            case Forget(String id) -> onForget(id);
            case Order order -> onOrder(order);
            case Dismiss dismiss -> onDismiss(dismiss);
            case Describe(ActorRef<ClusterSurvey.Command> replyTo) -> onDescribe(replyTo);
            case Leave(ActorRef<Done> replyTo) -> onLeave(replyTo);
            case LeaveAnyway() -> mayLeave();
            case Hosting(String id, Set<String> actors) -> {
              if (id.equals(hostedJob)) {
                hosted = actors;
                leaveIfEmpty();
              }
            }
            case JobGone(String id) -> onJobGone(id);
          }
          return Behaviors.same();
        });
  }

  private void greet() {
    if (coordinator != null) {
      coordinator.tell(
          new Coordinator.Met(
              new Hello(
                  name, roles, Optional.ofNullable(job), context.getSelf(), leaving != null)));
    }
  }

  // --- hosting
  // -------------------------------------------------------------------------------------------------

  /**
   * What a job's actors are made from is prepared before the first order: a node that steps in for
   * a lost one then begins at once.
   */
  private void onRemember(Job begun) {
    job = begun;
    boolean hosts = Stream.of(Hosts.Part.values()).map(Hosts.Part::role).anyMatch(roles::contains);
    if (hosts && host == null && leaving == null) {
      open(begun);
    }
  }

  private void onOrder(Order order) {
    String id = order.job().id();
    if (leaving != null) {
      order.owner().tell(new StandIn.Ended("the node is leaving", false));
    } else if (host != null && id.equals(hostedJob)) {
      host.tell(new JobHost.Do(order));
    } else if (host != null) {
      next.add(order); // the job before has to go first
      context.stop(host);
    } else {
      open(order.job());
      onOrder(order);
    }
  }

  private void open(Job begun) {
    job = begun;
    hostedJob = begun.id();
    hosted = Set.of();
    host =
        context.spawn(
            JobHost.create(begun, rooms, context.getSelf()),
            begun.id(),
            DispatcherSelector.fromConfig(KritesRun.FLOW_DISPATCHER));
    context.watchWith(host, new JobGone(begun.id()));
  }

  private void onForget(String id) {
    if (job != null && job.id().equals(id)) {
      job = null;
    }
    if (host != null && id.equals(hostedJob)) {
      context.stop(host);
    }
  }

  private void onDismiss(Dismiss dismiss) {
    if (host == null) {
      dismiss.replyTo().tell(new RunSupervisor.Dismissed(dismiss.actor()));
    } else {
      host.tell(new JobHost.Stop(dismiss.actor(), dismiss.replyTo()));
    }
  }

  private void onJobGone(String id) {
    if (!id.equals(hostedJob)) {
      return;
    }
    host = null;
    hostedJob = null;
    hosted = Set.of();
    List<Order> waiting = List.copyOf(next);
    next.clear();
    waiting.forEach(this::onOrder);
    leaveIfEmpty();
  }

  private void onDescribe(ActorRef<ClusterSurvey.Command> replyTo) {
    if (host == null) {
      replyTo.tell(new ClusterSurvey.NodeSaid(name, rooms.devices(), "", List.of()));
    } else {
      host.tell(new JobHost.Describe(name, replyTo));
    }
  }

  // --- leaving
  // -------------------------------------------------------------------------------------------------

  private void onLeave(ActorRef<Done> replyTo) {
    leaving = replyTo;
    timers.startSingleTimer(new LeaveAnyway(), LEAVE_WITHIN);
    greet();
    leaveIfEmpty();
  }

  private void leaveIfEmpty() {
    if (hosted.isEmpty() && next.isEmpty()) {
      mayLeave();
    }
  }

  private void mayLeave() {
    if (leaving != null) {
      leaving.tell(Done.getInstance());
    }
  }
}
