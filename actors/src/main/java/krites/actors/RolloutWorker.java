package krites.actors;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import krites.actors.wire.ControlMessage;
import krites.actors.wire.LocalMessage;
import krites.grpo.PolicyVersion;
import krites.grpo.WeightUpdate;
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
 * Drives one rollout engine on a thread of its own.
 *
 * <p>It owns the engine, and promises that no group begins under a version older than asked for:
 * such a group waits until the weights have come. It reads its mailbox between two steps of the
 * engine, so new weights are taken over while groups are in flight. It knows neither rewards nor
 * training.
 *
 * <p>An exception of the engine ends it; whoever watches it then knows that its groups are lost.
 */
public final class RolloutWorker {
  /** What it understands. */
  public sealed interface Command {}

  /** Sample a group, with weights at least as new as {@code minVersion}. */
  public record Generate(GroupRequest request, PolicyVersion minVersion)
      implements Command, ControlMessage {}

  /** Take over these weights. */
  public record UpdateWeights(WeightUpdate update) implements Command, ControlMessage {}

  /** The next short piece of work. */
  private record Step() implements Command, LocalMessage {}

  private static final long PROGRESS_NANOS =
      TimeUnit.SECONDS.toNanos(1); // often enough for a person and a watchdog

  private final ActorContext<Command> context;
  private final String name;
  private final RolloutEngine engine;
  private final ActorRef<Orchestrator.Command> orchestrator;
  private final ActorRef<ParameterServer.Command> parameterServer;
  private final LongSupplier nanos;
  private final List<Generate> waiting = new ArrayList<>();
  private @Nullable PolicyVersion active;
  private boolean stepping;
  private long reportedAtNanos;
  private Map<String, Double> reported = Map.of();

  private RolloutWorker(
      ActorContext<Command> context,
      String name,
      RolloutEngine engine,
      ActorRef<Orchestrator.Command> orchestrator,
      ActorRef<ParameterServer.Command> parameterServer,
      LongSupplier nanos) {
    this.context = context;
    this.name = name;
    this.engine = engine;
    this.orchestrator = orchestrator;
    this.parameterServer = parameterServer;
    this.nanos = nanos;
    this.reportedAtNanos = nanos.getAsLong();
  }

  /** A worker that makes its engine on its own thread and reports for work. */
  static Behavior<Command> create(
      String name,
      Supplier<RolloutEngine> engines,
      ActorRef<Orchestrator.Command> orchestrator,
      ActorRef<ParameterServer.Command> parameterServer,
      LongSupplier nanos) {
    return Behaviors.setup(
        context -> {
          RolloutEngine engine = PartFailure.guard("rollout engine of " + name, engines);
          var worker =
              new RolloutWorker(context, name, engine, orchestrator, parameterServer, nanos);
          orchestrator.tell(ready(name, engine, context.getSelf()));
          parameterServer.tell(new ParameterServer.WorkerJoined(name, context.getSelf()));
          return worker.running();
        });
  }

  private static Orchestrator.WorkerReady ready(
      String name, RolloutEngine engine, ActorRef<Command> self) {
    return new Orchestrator.WorkerReady(name, engine.capacity(), engine.capacity(1), self);
  }

  private Behavior<Command> running() {
    return Behaviors.<Command>receive(
        (context, command) ->
            switch (command) {
              case Generate generate -> onGenerate(generate);
              case UpdateWeights(WeightUpdate update) -> onUpdateWeights(update);
              case Step() -> onStep();
            },
        (context, signal) -> {
          if (signal instanceof PostStop) {
            engine.close();
          }
          return Behaviors.same();
        });
  }

  private Behavior<Command> onGenerate(Generate generate) {
    if (isFresh(generate)) {
      engine.start(generate.request());
      keepStepping();
    } else {
      waiting.add(generate);
    }
    return Behaviors.same();
  }

  private Behavior<Command> onUpdateWeights(WeightUpdate update) {
    engine.update(update);
    active = update.version();
    parameterServer.tell(new ParameterServer.WeightsActive(name, update.version()));
    waiting.stream().filter(this::isFresh).forEach(generate -> engine.start(generate.request()));
    waiting.removeIf(this::isFresh);
    keepStepping();
    return Behaviors.same();
  }

  private Behavior<Command> onStep() {
    stepping = false;
    List<RolloutOutcome> outcomes = engine.step();
    reportProgress(!outcomes.isEmpty());
    for (RolloutOutcome outcome : outcomes) {
      orchestrator.tell(
          switch (outcome) {
            case RolloutOutcome.Finished(var group) -> new Orchestrator.GroupGenerated(name, group);
            case RolloutOutcome.Failed(long id, String reason) ->
                new Orchestrator.GenerationFailed(name, id, reason);
          });
    }
    keepStepping();
    return Behaviors.same();
  }

  private boolean isFresh(Generate generate) {
    return active != null && active.compareTo(generate.minVersion()) >= 0;
  }

  /** One step is in the mailbox while there is work, never two. */
  private void keepStepping() {
    if (!stepping && engine.active() > 0) {
      stepping = true;
      context.getSelf().tell(new Step());
    }
  }

  /**
   * Only counters that moved are progress: a hanging engine stays silent, and the watchdog hears
   * the silence.
   */
  private void reportProgress(boolean always) {
    long now = nanos.getAsLong();
    if (!always && now - reportedAtNanos < PROGRESS_NANOS) {
      return;
    }
    reportedAtNanos = now;
    Map<String, Double> counters = Map.copyOf(engine.counters());
    if (!counters.equals(reported)) {
      reported = counters;
      orchestrator.tell(new Orchestrator.WorkerProgress(name, counters));
    }
  }
}
