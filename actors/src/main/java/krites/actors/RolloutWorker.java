package krites.actors;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.stream.Stream;
import krites.actors.wire.ControlMessage;
import krites.actors.wire.DataMessage;
import krites.actors.wire.LocalMessage;
import krites.grpo.PartialGroup;
import krites.grpo.PolicyVersion;
import krites.grpo.WeightUpdate;
import krites.grpo.flow.WeightUpdateMode;
import krites.grpo.port.GroupRequest;
import krites.grpo.port.RolloutEngine;
import krites.grpo.port.RolloutOutcome;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.jspecify.annotations.Nullable;

/**
 * Drives one rollout engine on a thread of its own, for training or for evaluations.
 *
 * <p>It owns the engine, and promises that no group begins under a version older than asked for:
 * such a group waits until the weights have come. It reads its mailbox between two steps of the
 * engine; what new weights do to the groups in flight is the {@link WeightUpdateMode}. It knows
 * neither rewards nor training.
 *
 * <p>Messages may be lost, late or doubled: a group that it holds is not begun twice, weights that
 * are not newer are acknowledged and left alone, and it announces itself until it was heard. What
 * it holds stands in each of its reports, so that whoever sent a group can see that it never came.
 *
 * <p>An exception of the engine ends it; whoever watches it then knows that its groups are lost.
 */
public final class RolloutWorker {
  /** Whose prompts it answers, and so whose weights it runs. */
  public enum Duty {
    /** Prompts of training, always with the newest weights. */
    TRAINING,
    /** Held-out prompts, with exactly the version under evaluation: it is an evaluator. */
    EVALUATION
  }

  /** What it understands. */
  public sealed interface Command {}

  /** Sample a group, with weights at least as new as {@code minVersion}. */
  public record Generate(GroupRequest request, PolicyVersion minVersion)
      implements Command, DataMessage {}

  /** Take over these weights. */
  public record UpdateWeights(WeightUpdate update) implements Command, ControlMessage {}

  /** Forget a group that nobody waits for; no answer follows. */
  public record Cancel(long groupId) implements Command, ControlMessage {}

  /**
   * Hand back every group as far as it is, and take no more: the node is about to leave. Answered
   * by {@link Orchestrator.GroupCut}s and one {@link Orchestrator.WorkerDrained}.
   */
  public record Drain() implements Command, ControlMessage {}

  /** The weights of an offer have come to this node; or have not. */
  private record Fetched(WeightUpdate offer, Optional<WeightUpdate> here, String why)
      implements Command, LocalMessage {}

  /** The next short piece of work. */
  private record Step() implements Command, LocalMessage {}

  /** Time to tell how it does. */
  private record Report() implements Command, LocalMessage {}

  /** Between two reports: often enough for a person and a watchdog. */
  static final Duration REPORT_EVERY = Duration.ofSeconds(1);

  private static final double ROUNDING = 1e-9; // of a sum of shares of the engine's room

  private final ActorContext<Command> context;
  private final String name;
  private final Duty duty;
  private final RolloutEngine engine;
  private final ActorRef<Orchestrator.Command> orchestrator;
  private final ActorRef<ParameterServer.Command> parameterServer;
  private final WeightUpdateMode mode;
  private final WeightSource source;
  private final Map<Long, Generate> waiting = new LinkedHashMap<>();
  private final Map<Long, Generate> running = new LinkedHashMap<>(); // those in the engine
  private @Nullable PolicyVersion active;
  private @Nullable PolicyVersion fetching; // the newest that was asked for
  private @Nullable WeightUpdate pending; // FINISH: taken over when nothing runs any more
  private boolean stepping;
  private boolean draining;
  private boolean heardByOrchestrator;
  private boolean heardByParameterServer;

  private RolloutWorker(
      ActorContext<Command> context,
      String name,
      Duty duty,
      RolloutEngine engine,
      ActorRef<Orchestrator.Command> orchestrator,
      ActorRef<ParameterServer.Command> parameterServer,
      WeightUpdateMode mode,
      WeightSource source) {
    this.context = context;
    this.name = name;
    this.duty = duty;
    this.engine = engine;
    this.orchestrator = orchestrator;
    this.parameterServer = parameterServer;
    this.mode = mode;
    this.source = source;
  }

  /** A worker that makes its engine on its own thread and reports for work. */
  static Behavior<Command> create(
      String name,
      Duty duty,
      Supplier<RolloutEngine> engines,
      ActorRef<Orchestrator.Command> orchestrator,
      ActorRef<ParameterServer.Command> parameterServer,
      WeightUpdateMode mode,
      WeightSource source,
      Duration reportEvery) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> {
                  RolloutEngine engine = PartFailure.guard("rollout engine of " + name, engines);
                  var worker =
                      new RolloutWorker(
                          context, name, duty, engine, orchestrator, parameterServer, mode, source);
                  worker.announce();
                  timers.startTimerWithFixedDelay(new Report(), reportEvery);
                  return worker.behavior();
                }));
  }

  private Behavior<Command> behavior() {
    return Behaviors.<Command>receive(
        (context, command) ->
            switch (command) {
              case Generate generate -> onGenerate(generate);
              case UpdateWeights(WeightUpdate update) -> onUpdateWeights(update);
              case Fetched(WeightUpdate offer, Optional<WeightUpdate> here, String why) ->
                  onFetched(offer, here, why);
              case Cancel(long groupId) -> onCancel(groupId);
              case Drain() -> onDrain();
              case Step() -> onStep();
              case Report() -> onReport();
            },
        (context, signal) -> {
          if (signal instanceof PostStop) {
            engine.close();
          }
          return Behaviors.same();
        });
  }

  // --- groups
  // -------------------------------------------------------------------------------------------------

  private Behavior<Command> onGenerate(Generate generate) {
    heardByOrchestrator = true;
    long id = generate.request().groupId();
    if (waiting.containsKey(id) || running.containsKey(id)) {
      return Behaviors.same();
    }
    waiting.put(id, generate);
    if (draining) {
      handBack();
    }
    goOn();
    return Behaviors.same();
  }

  private Behavior<Command> onCancel(long groupId) {
    waiting.remove(groupId);
    if (running.remove(groupId) != null) {
      engine.cancel(groupId);
    }
    goOn();
    return Behaviors.same();
  }

  private Behavior<Command> onDrain() {
    draining = true;
    handBack();
    goOn();
    return Behaviors.same();
  }

  private void handBack() {
    List<PartialGroup> begun = new ArrayList<>();
    List<Long> unbegun = new ArrayList<>();
    running
        .keySet()
        .forEach(id -> engine.cut(id).ifPresentOrElse(begun::add, () -> unbegun.add(id)));
    waiting.forEach(
        (id, generate) ->
            generate.request().prefix().ifPresentOrElse(begun::add, () -> unbegun.add(id)));
    running.clear();
    waiting.clear();
    begun.forEach(partial -> orchestrator.tell(new Orchestrator.GroupCut(name, partial)));
    orchestrator.tell(new Orchestrator.WorkerDrained(name, unbegun));
  }

  private Behavior<Command> onStep() {
    stepping = false;
    List<RolloutOutcome> outcomes = engine.step();
    if (!outcomes.isEmpty()) {
      report(); // before the outcomes, so that no group is in neither
    }
    for (RolloutOutcome outcome : outcomes) {
      running.remove(outcome.groupId());
      orchestrator.tell(
          switch (outcome) {
            case RolloutOutcome.Finished(var group) -> new Orchestrator.GroupGenerated(name, group);
            case RolloutOutcome.Cut(var partial) -> new Orchestrator.GroupCut(name, partial);
            case RolloutOutcome.Failed(long id, String reason) ->
                new Orchestrator.GenerationFailed(name, id, reason);
          });
    }
    goOn();
    return Behaviors.same();
  }

  // --- weights
  // ------------------------------------------------------------------------------------------------

  private Behavior<Command> onUpdateWeights(WeightUpdate update) {
    heardByParameterServer = true;
    if (active != null && update.version().compareTo(active) <= 0) {
      parameterServer.tell(new ParameterServer.WeightsActive(name, active));
    } else if (fetching == null || update.version().compareTo(fetching) > 0) {
      fetching = update.version();
      fetch(update);
    }
    return Behaviors.same();
  }

  /** Weights that are here already are taken over in the same moment. */
  private void fetch(WeightUpdate offer) {
    CompletableFuture<WeightUpdate> coming = source.fetch(offer).toCompletableFuture();
    if (coming.isDone() && !coming.isCompletedExceptionally()) {
      take(coming.join());
      return;
    }
    context.pipeToSelf(
        coming,
        (here, failure) ->
            new Fetched(
                offer, Optional.ofNullable(here), failure == null ? "" : Reasons.of(failure)));
  }

  /** An offer whose weights did not come is made again: it was not acknowledged. */
  private Behavior<Command> onFetched(WeightUpdate offer, Optional<WeightUpdate> here, String why) {
    if (here.isEmpty()) {
      context.getLog().warn("{} cannot have the weights of {}: {}", name, offer.version(), why);
      fetching = offer.version().equals(fetching) ? newest() : fetching;
    } else if (isNews(here.get().version())) { // it may be a newer one than was offered
      take(here.get());
    }
    return Behaviors.same();
  }

  /** The newest version that is here. */
  private @Nullable PolicyVersion newest() {
    return pending == null ? active : pending.version();
  }

  private boolean isNews(PolicyVersion version) {
    PolicyVersion newest = newest();
    return newest == null || version.compareTo(newest) > 0;
  }

  private void take(WeightUpdate update) {
    switch (mode) {
      case IN_FLIGHT -> swap(update);
      case FINISH -> pending = update;
      case ABORT -> {
        beginAnew();
        swap(update);
      }
    }
    goOn();
  }

  /** Throws away what runs; it waits again, before all others. */
  private void beginAnew() {
    Map<Long, Generate> others = new LinkedHashMap<>(waiting);
    waiting.clear();
    running.forEach(
        (id, generate) -> {
          engine.cancel(id);
          waiting.put(id, new Generate(generate.request().fromNothing(), generate.minVersion()));
        });
    running.clear();
    waiting.putAll(others);
  }

  private void swap(WeightUpdate update) {
    engine.update(update);
    active = update.version();
    parameterServer.tell(new ParameterServer.WeightsActive(name, update.version()));
  }

  // --- what follows
  // -------------------------------------------------------------------------------------------

  /** Does all that has become possible: new weights, new groups, the next step. */
  private void goOn() {
    if (pending != null && running.isEmpty()) {
      swap(pending);
      pending = null;
    }
    if (pending == null) {
      List.copyOf(waiting.values()).stream()
          .filter(this::isFresh)
          .filter(generate -> hasRoom(generate.request()))
          .forEach(this::begin);
    }
    if (!stepping && engine.active() > 0) {
      stepping = true; // one step is in the mailbox while there is work, never two
      context.getSelf().tell(new Step());
    }
  }

  private void begin(Generate generate) {
    long id = generate.request().groupId();
    waiting.remove(id);
    engine.start(generate.request());
    running.put(id, generate);
  }

  private boolean isFresh(Generate generate) {
    return active != null && active.compareTo(generate.minVersion()) >= 0;
  }

  /** A group that was sent to a full engine, as after a lost answer, waits. */
  private boolean hasRoom(GroupRequest request) {
    double taken = running.values().stream().mapToDouble(other -> share(other.request())).sum();
    return running.isEmpty() || taken + share(request) <= 1 + ROUNDING;
  }

  private double share(GroupRequest request) {
    return 1.0 / engine.capacity(request.sampling().groupSize());
  }

  // --- reports
  // ------------------------------------------------------------------------------------------------

  private Behavior<Command> onReport() {
    announce();
    report();
    return Behaviors.same();
  }

  private void announce() {
    if (!heardByOrchestrator && !draining) {
      orchestrator.tell(
          new Orchestrator.WorkerReady(
              name, duty, engine.capacity(), engine.capacity(1), context.getSelf()));
    }
    if (!heardByParameterServer) {
      parameterServer.tell(new ParameterServer.WorkerJoined(name, duty, context.getSelf()));
    }
  }

  private void report() {
    List<Long> held =
        Stream.concat(waiting.keySet().stream(), running.keySet().stream()).sorted().toList();
    orchestrator.tell(
        new Orchestrator.WorkerReport(
            name, Optional.ofNullable(active), held, engine.counters(), waitsFor(held)));
  }

  private WorkerWait waitsFor(List<Long> held) {
    if (held.isEmpty()) {
      return WorkerWait.WORK;
    }
    return running.isEmpty() ? WorkerWait.WEIGHTS : WorkerWait.ENGINE;
  }
}
