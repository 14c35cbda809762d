package krites.actors;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import krites.actors.wire.LocalMessage;
import krites.grpo.port.RolloutEngine;
import krites.grpo.port.WeightTransport;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.ChildFailed;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.SupervisorStrategy;
import org.apache.pekko.actor.typed.Terminated;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.StashBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What a node hosts of one job: makes its parts, spawns what is ordered, tells the owner of each
 * actor how it ended, and stops what nobody owns any more.
 */
final class JobHost {
  /** What it understands. */
  sealed interface Command {}

  /** Host an actor. */
  record Do(NodeAgent.Order order) implements Command, LocalMessage {}

  /** Stop an actor. */
  record Stop(String actor, ActorRef<RunSupervisor.Command> replyTo)
      implements Command, LocalMessage {}

  /** Say what is hosted. */
  record Describe(String node, ActorRef<ClusterSurvey.Command> replyTo)
      implements Command, LocalMessage {}

  private record Made(HostedParts parts) implements Command, LocalMessage {}

  private record NotMade(String reason) implements Command, LocalMessage {}

  private record OwnerGone(String actor) implements Command, LocalMessage {}

  private record Hosted(
      ActorRef<Void> ref,
      NodeAgent.Order order,
      Optional<EngineGauge> gauge,
      List<ActorRef<RunSupervisor.Command>> dismissedBy) {}

  private static final int STASH = 1_000; // orders and questions while data sets are read

  /** The name of the actor that fetches weights; no order has it. */
  private static final String HOLDER = "held-weights";

  private static final Duration HOLDER_BACKOFF = Duration.ofSeconds(1);
  private static final Duration HOLDER_BACKOFF_MAX = Duration.ofSeconds(30);
  private static final double HOLDER_BACKOFF_SPREAD = 0.2;

  private static final Duration MAKING = Duration.ofMinutes(30); // large data sets are read once

  private final ActorContext<Command> context;
  private final Job job;
  private final NodeRooms rooms;
  private final ActorRef<NodeAgent.Command> agent;
  private final Map<String, Hosted> hosted = new LinkedHashMap<>();
  private final List<NodeAgent.Order> waiting = new ArrayList<>(); // for a learner on its way out
  private @Nullable ActorRef<WeightHolder.Command> holder;

  private JobHost(
      ActorContext<Command> context, Job job, NodeRooms rooms, ActorRef<NodeAgent.Command> agent) {
    this.context = context;
    this.job = job;
    this.rooms = rooms;
    this.agent = agent;
  }

  static Behavior<Command> create(Job job, NodeRooms rooms, ActorRef<NodeAgent.Command> agent) {
    return Behaviors.setup(
        context ->
            Behaviors.withStash(
                STASH, stash -> new JobHost(context, job, rooms, agent).making(stash)));
  }

  // --- making
  // --------------------------------------------------------------------------------------------------

  private Behavior<Command> making(StashBuffer<Command> stash) {
    CompletableFuture<HostedParts> parts =
        CompletableFuture.supplyAsync(() -> rooms.host(job), KritesRun.blocking(context))
            .orTimeout(MAKING.toSeconds(), TimeUnit.SECONDS);
    context.pipeToSelf(
        parts,
        (made, failure) ->
            failure == null ? new Made(made) : new NotMade(Reasons.of(Reasons.unwrap(failure))));
    return Behaviors.<Command>receive(
        (_, command) ->
            switch (command) {
              case Made(HostedParts made) -> stash.unstashAll(hosting(made));
              case NotMade(String reason) -> stash.unstashAll(useless(reason));
              case Do _, Stop _, Describe _, OwnerGone _ -> {
                stash.stash(command);
                yield Behaviors.same();
              }
            },
        (_, signal) -> {
          if (signal instanceof PostStop) {
            parts.thenAccept(HostedParts::close);
          }
          return Behaviors.same();
        });
  }

  /** Whoever orders something is told why it cannot be had. */
  private Behavior<Command> useless(String reason) {
    return Behaviors.receiveMessage(
        command -> {
          switch (command) {
            case Do(NodeAgent.Order order) -> order.owner().tell(new StandIn.Ended(reason, true));
            case Stop(String actor, ActorRef<RunSupervisor.Command> replyTo) ->
                replyTo.tell(new RunSupervisor.Dismissed(actor));
            case Describe(String node, ActorRef<ClusterSurvey.Command> replyTo) ->
                replyTo.tell(
                    new ClusterSurvey.NodeSaid(
                        node, rooms.devices(), job.id() + ": " + reason, List.of()));
            case Made _, NotMade _, OwnerGone _ -> {}
          }
          return Behaviors.same();
        });
  }

  // --- hosting
  // -------------------------------------------------------------------------------------------------

  private Behavior<Command> hosting(HostedParts parts) {
    return Behaviors.<Command>receive(
        (_, command) -> {
          switch (command) {
            case Do(NodeAgent.Order order) -> onOrder(order, parts);
            case Stop(String actor, ActorRef<RunSupervisor.Command> replyTo) ->
                onStop(actor, replyTo);
            case OwnerGone(String actor) -> onOwnerGone(actor);
            case Describe(String node, ActorRef<ClusterSurvey.Command> replyTo) ->
                replyTo.tell(
                    new ClusterSurvey.NodeSaid(node, rooms.devices(), job.id(), describe()));
            case Made _, NotMade _ -> {}
          }
          return Behaviors.same();
        },
        (_, signal) -> {
          switch (signal) {
            case Terminated gone -> onGone(gone, parts);
            case PostStop _ -> parts.close();
            default -> {}
          }
          return Behaviors.same();
        });
  }

  /**
   * A learner, or a member of one, waits until the one before it is gone: they write the same
   * files.
   */
  private void onOrder(NodeAgent.Order order, HostedParts parts) {
    Hosted known = hosted.get(order.actor());
    if (known != null) {
      order.owner().tell(new StandIn.Started(known.ref()));
    } else if (isOfLearner(order) && learnerIsThere()) {
      if (waiting.stream().noneMatch(other -> other.actor().equals(order.actor()))) {
        waiting.add(order);
      }
    } else {
      spawn(order, parts);
    }
  }

  private boolean learnerIsThere() {
    return hosted.values().stream().anyMatch(other -> isOfLearner(other.order()));
  }

  private static boolean isOfLearner(NodeAgent.Order order) {
    return order instanceof NodeAgent.HostLearner || order instanceof NodeAgent.HostMember;
  }

  private void spawn(NodeAgent.Order order, HostedParts parts) {
    Optional<EngineGauge> gauge =
        order instanceof NodeAgent.HostRollout ? Optional.of(new EngineGauge()) : Optional.empty();
    ActorRef<Void> ref =
        switch (order) {
          case NodeAgent.HostRollout rollout ->
              spawn(
                  order,
                  RolloutWorker.create(
                      rollout.worker(),
                      rollout.duty(),
                      () -> gauge.orElseThrow().watching(engine(rollout, parts)),
                      rollout.orchestrator(),
                      rollout.parameterServer(),
                      rollout.mode(),
                      weightSource(rollout, parts),
                      RolloutWorker.REPORT_EVERY),
                  KritesRun.DEVICE_DISPATCHER);
          case NodeAgent.HostReward reward ->
              spawn(
                  order,
                  RewardWorker.create(reward.worker(), parts.reward(), reward.orchestrator()),
                  KritesRun.REWARD_DISPATCHER);
          case NodeAgent.HostLearner learner ->
              spawn(order, learner(learner, parts), KritesRun.DEVICE_DISPATCHER);
          case NodeAgent.HostMember member ->
              spawn(
                  order,
                  LearnerMember.create(
                      member.rank(),
                      parts::memberPlane,
                      members -> parts.member(member.step(), member.version(), members),
                      member.learner()),
                  KritesRun.DEVICE_DISPATCHER);
          case NodeAgent.HostParams _ ->
              spawn(
                  order,
                  ParameterServer.create(parts.weights(), parts.outgoingWeights()),
                  KritesRun.FLOW_DISPATCHER);
        };
    hosted.put(order.actor(), new Hosted(ref, order, gauge, new ArrayList<>()));
    context.watch(ref);
    context.watchWith(order.owner(), new OwnerGone(order.actor()));
    order.owner().tell(new StandIn.Started(ref));
    context.getLog().info("hosts {} of {}", order.actor(), job.id());
    tellAgent();
  }

  private static Behavior<Learner.Command> learner(NodeAgent.HostLearner order, HostedParts parts) {
    return order.members() == 1
        ? Learner.create(
            () -> parts.trainer(order.step(), order.version()),
            parts.checkpoints(),
            order.orchestrator(),
            order.parameterServer())
        : Learner.leading(
            order.members(),
            parts::memberPlane,
            members -> parts.leadingTrainer(order.step(), order.version(), members),
            parts.checkpoints(),
            order.orchestrator(),
            order.parameterServer());
  }

  private static RolloutEngine engine(NodeAgent.HostRollout order, HostedParts parts) {
    return switch (order.duty()) {
      case TRAINING -> parts.engine(order.seat());
      case EVALUATION -> parts.evaluator(order.seat());
    };
  }

  /** Where weights do not lie in common files, one holder fetches them for all workers. */
  private WeightSource weightSource(NodeAgent.HostRollout order, HostedParts parts) {
    return parts
        .incomingWeights()
        .map(
            transport ->
                WeightHolder.source(
                    holder(transport, order.parameterServer()),
                    order.duty(),
                    context.getSystem().scheduler()))
        .orElse(WeightSource.SHARED);
  }

  private ActorRef<WeightHolder.Command> holder(
      Supplier<WeightTransport> transport, ActorRef<ParameterServer.Command> parameterServer) {
    ActorRef<WeightHolder.Command> known = holder;
    if (known != null) {
      known.tell(new WeightHolder.Follow(parameterServer));
      return known;
    }
    String node = context.getSystem().address().hostPort();
    ActorRef<WeightHolder.Command> made =
        context.spawn(
            Behaviors.supervise(WeightHolder.create(node, transport, parameterServer))
                .onFailure(
                    SupervisorStrategy.restartWithBackoff(
                        HOLDER_BACKOFF, HOLDER_BACKOFF_MAX, HOLDER_BACKOFF_SPREAD)),
            HOLDER,
            DispatcherSelector.fromConfig(KritesRun.FLOW_DISPATCHER));
    holder = made;
    return made;
  }

  private <M> ActorRef<Void> spawn(NodeAgent.Order order, Behavior<M> behavior, String dispatcher) {
    return context
        .spawn(behavior, order.actor(), DispatcherSelector.fromConfig(dispatcher))
        .unsafeUpcast();
  }

  private void onStop(String actor, ActorRef<RunSupervisor.Command> replyTo) {
    waiting.removeIf(order -> order.actor().equals(actor));
    Hosted known = hosted.get(actor);
    if (known == null) {
      replyTo.tell(new RunSupervisor.Dismissed(actor));
    } else {
      known.dismissedBy().add(replyTo);
      context.stop(known.ref());
    }
  }

  /** Its run is led from elsewhere by now, or not at all. */
  private void onOwnerGone(String actor) {
    waiting.removeIf(order -> order.actor().equals(actor));
    Hosted known = hosted.get(actor);
    if (known != null) {
      context.stop(known.ref());
    }
  }

  private void onGone(Terminated gone, HostedParts parts) {
    for (Map.Entry<String, Hosted> entry : List.copyOf(hosted.entrySet())) {
      Hosted known = entry.getValue();
      if (!known.ref().equals(gone.getRef())) {
        continue;
      }
      hosted.remove(entry.getKey());
      known.order().owner().tell(ended(gone));
      known
          .dismissedBy()
          .forEach(replyTo -> replyTo.tell(new RunSupervisor.Dismissed(entry.getKey())));
      context.getLog().info("{} of {} is gone", entry.getKey(), job.id());
    }
    List<NodeAgent.Order> held = List.copyOf(waiting);
    waiting.clear();
    held.forEach(order -> onOrder(order, parts));
    tellAgent();
  }

  private StandIn.Ended ended(Terminated gone) {
    if (!(gone instanceof ChildFailed failed)) {
      return new StandIn.Ended("it ended by itself", false);
    }
    Throwable cause = Reasons.causeOf(failed);
    context.getLog().warn("a hosted actor failed", cause);
    return new StandIn.Ended(Reasons.of(cause), cause instanceof PartFailure);
  }

  private void tellAgent() {
    agent.tell(new NodeAgent.Hosting(job.id(), hosted.keySet()));
  }

  private List<ClusterSurvey.HostedActor> describe() {
    return hosted.values().stream()
        .map(
            known ->
                new ClusterSurvey.HostedActor(
                    known.order().actor(),
                    known.gauge().flatMap(EngineGauge::version),
                    known.gauge().map(EngineGauge::tokensPerSecond).orElse(0.0)))
        .toList();
  }
}
