package krites.actors;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Supplier;
import krites.actors.wire.ControlMessage;
import krites.actors.wire.LocalMessage;
import krites.grpo.port.RolloutEngine;
import krites.grpo.record.RunSummary;
import org.apache.pekko.actor.ActorInitializationException;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.ChildFailed;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.actor.typed.Terminated;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;

/**
 * The root of a run: spawns every actor, replaces rollout and reward workers that died, and turns
 * everything else that dies into the end of the run.
 *
 * <p>Every child stops at its first exception. A worker is replaced by a new actor with a new name,
 * so that nothing meant for the old one can reach it; what the old one held is the orchestrator's
 * business. A learner that died is replaced once, together with all others, from the last
 * checkpoint, where the run's parts say how. It promises that the outcome is decided exactly once,
 * and within seconds of a stop or a failure.
 */
public final class RunSupervisor {
  /** What it understands. */
  public sealed interface Command {}

  /** End the run early, with a checkpoint. */
  public record Stop() implements Command, ControlMessage {}

  /**
   * The orchestrator has ended the run.
   *
   * @param reason why it failed; empty when it did not
   * @param checkpoint where the last checkpoint lies
   */
  public record RunEnded(RunSummary summary, String reason, Optional<String> checkpoint)
      implements Command, ControlMessage {}

  /** Everything was written down. */
  public record Recorded() implements Command, ControlMessage {}

  private record Replace(Worker worker) implements Command, LocalMessage {}

  private record Recovered(Optional<RunParts.Recovery> recovery) implements Command, LocalMessage {}

  private record RecoveryFailed(Throwable cause) implements Command, LocalMessage {}

  private record Deadline() implements Command, LocalMessage {}

  /** What a child is; the run can do without a worker for a moment, and without no other. */
  private sealed interface Role {
    String name();
  }

  private record Worker(boolean rollout, int index, int incarnation) implements Role {
    @Override
    public String name() {
      return (rollout ? "rollout-" : "reward-")
          + index
          + (incarnation == 0 ? "" : "-" + incarnation);
    }

    Worker next() {
      return new Worker(rollout, index, incarnation + 1);
    }
  }

  private record Vital(String name) implements Role {}

  /** The references that workers need. */
  private record Team(
      ActorRef<Orchestrator.Command> orchestrator,
      ActorRef<ParameterServer.Command> parameterServer,
      ActorRef<Recorder.Command> recorder) {}

  private static final Duration PATIENCE = Duration.ofSeconds(2); // for answers that need no work
  private static final Duration RECORDING =
      Duration.ofSeconds(5); // for files that are still being written
  private static final Duration BREATH = Duration.ofMillis(100); // before a dead worker is replaced
  private static final String LEARNER = "learner";
  private static final String ORCHESTRATOR = "orchestrator";
  private static final String RECORDER = "recorder";

  private final ActorContext<Command> context;
  private final TimerScheduler<Command> timers;
  private final RunSettings settings;
  private final RunParts parts;
  private final Consumer<RunOutcome> decide;
  private final int life;
  private final Map<ActorRef<Void>, Role> children =
      new LinkedHashMap<>(); // in the order of their spawning: the hash of a reference is random
  private int replaced;

  private RunSupervisor(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      RunSettings settings,
      RunParts parts,
      Consumer<RunOutcome> decide,
      int life) {
    this.context = context;
    this.timers = timers;
    this.settings = settings;
    this.parts = parts;
    this.decide = decide;
    this.life = life;
  }

  /** The guardian of a run. {@code decide} is told the outcome once. */
  static Behavior<Command> create(
      RunSettings settings, RunParts parts, Consumer<RunOutcome> decide) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers ->
                    new RunSupervisor(context, timers, settings, parts, decide, 0).spawnAll()));
  }

  // --- spawning
  // ------------------------------------------------------------------------------------------------

  private Behavior<Command> spawnAll() {
    ActorRef<Recorder.Command> recorder =
        spawn(new Vital(RECORDER), Recorder.create(parts.recorder()), KritesRun.FILE_DISPATCHER);
    ActorRef<Orchestrator.Command> orchestrator =
        spawn(
            new Vital(ORCHESTRATOR),
            Orchestrator.create(settings, parts, recorder, context.getSelf()),
            KritesRun.FLOW_DISPATCHER);
    ActorRef<ParameterServer.Command> parameterServer =
        spawn(
            new Vital("parameter-server"),
            ParameterServer.create(parts.weights(), orchestrator),
            KritesRun.FLOW_DISPATCHER);
    spawn(
        new Vital(LEARNER),
        Learner.create(parts.trainer(), parts.checkpoints(), orchestrator, parameterServer),
        KritesRun.DEVICE_DISPATCHER);
    var team = new Team(orchestrator, parameterServer, recorder);
    for (int i = 0; i < settings.rolloutWorkers(); i++) {
      spawnWorker(team, new Worker(true, i, 0));
    }
    for (int i = 0; i < settings.rewardWorkers(); i++) {
      spawnWorker(team, new Worker(false, i, 0));
    }
    return running(team);
  }

  private void spawnWorker(Team team, Worker worker) {
    if (worker.rollout()) {
      Supplier<RolloutEngine> engine = () -> parts.engines().apply(worker.index());
      spawn(
          worker,
          RolloutWorker.create(
              worker.name(), engine, team.orchestrator(), team.parameterServer(), parts.nanos()),
          KritesRun.DEVICE_DISPATCHER);
    } else {
      spawn(
          worker,
          RewardWorker.create(worker.name(), parts.reward(), team.orchestrator()),
          KritesRun.FLOW_DISPATCHER);
    }
  }

  /**
   * Spawns a child that stops at its first exception and tells it here. That is what an actor does
   * without a strategy; {@code SupervisorStrategy.stop()} would do the same, but loses the
   * exception of a child that cannot start.
   */
  private <M> ActorRef<M> spawn(Role role, Behavior<M> behavior, String dispatcher) {
    String name = life == 0 ? role.name() : role.name() + "-life-" + life;
    ActorRef<M> ref = context.spawn(behavior, name, DispatcherSelector.fromConfig(dispatcher));
    context.watch(ref);
    children.put(ref.unsafeUpcast(), role);
    return ref;
  }

  // --- running
  // -------------------------------------------------------------------------------------------------

  private Behavior<Command> running(Team team) {
    return Behaviors.<Command>receive(
        (ctx, command) ->
            switch (command) {
              case Stop() -> onStop(team);
              case RunEnded ended -> record(team, outcome(ended), ended.summary());
              case Replace(Worker worker) -> {
                spawnWorker(team, worker);
                yield Behaviors.same();
              }
              case Deadline() ->
                  finish(new RunOutcome.Failed("the run did not stop in time", none(), none()));
              case Recorded _, Recovered _, RecoveryFailed _ -> Behaviors.unhandled();
            },
        (ctx, signal) -> signal instanceof Terminated gone ? onGone(team, gone) : Behaviors.same());
  }

  private Behavior<Command> onStop(Team team) {
    team.orchestrator().tell(new Orchestrator.Stop());
    timers.startSingleTimer(new Deadline(), settings.stopWithin().plus(PATIENCE));
    return Behaviors.same();
  }

  private Behavior<Command> onGone(Team team, Terminated gone) {
    Throwable cause =
        gone instanceof ChildFailed failed
            ? cause(failed)
            : new IllegalStateException("it ended by itself");
    Role role = children.remove(gone.getRef());
    return switch (role) {
      case null -> Behaviors.same();
      case Worker worker -> onWorkerGone(team, worker, cause);
      case Vital(String name) when name.equals(LEARNER) && mayRecover(cause) -> recover(cause);
      case Vital(String name) -> fail(team, name, name + " failed: " + Reasons.of(cause), cause);
    };
  }

  private static Throwable cause(ChildFailed failed) {
    Throwable thrown = failed.getCause();
    Throwable inner = thrown.getCause();
    return thrown instanceof ActorInitializationException && inner != null ? inner : thrown;
  }

  private Behavior<Command> onWorkerGone(Team team, Worker worker, Throwable cause) {
    String reason = worker.name() + " failed: " + Reasons.of(cause);
    if (cause instanceof PartFailure) {
      return fail(team, worker.name(), reason, cause);
    }
    if (replaced == settings.workerRestarts()) {
      return fail(
          team, worker.name(), reason + " (" + replaced + " workers were replaced before)", cause);
    }
    replaced++;
    context.getLog().warn("{}; it is replaced", reason);
    timers.startSingleTimer(worker.name(), new Replace(worker.next()), BREATH);
    return Behaviors.same();
  }

  // --- failing
  // -------------------------------------------------------------------------------------------------

  private Behavior<Command> fail(Team team, String who, String reason, Throwable cause) {
    Throwable thrown =
        cause instanceof PartFailure && cause.getCause() != null ? cause.getCause() : cause;
    context.getLog().error(reason, thrown);
    if (who.equals(ORCHESTRATOR)) {
      return finish(new RunOutcome.Failed(reason, Optional.of(thrown), none()));
    }
    team.orchestrator().tell(new Orchestrator.Abort(reason));
    timers.startSingleTimer(new Deadline(), PATIENCE);
    return failing(
        team, new RunOutcome.Failed(reason, Optional.of(thrown), none()), who.equals(RECORDER));
  }

  /** Waits for what the orchestrator knows about the run. */
  private Behavior<Command> failing(Team team, RunOutcome.Failed failed, boolean recorderIsGone) {
    return Behaviors.<Command>receive(
        (ctx, command) ->
            switch (command) {
              case RunEnded ended -> {
                var told =
                    new RunOutcome.Failed(
                        failed.reason(), failed.cause(), Optional.of(ended.summary()));
                yield recorderIsGone ? finish(told) : record(team, told, ended.summary());
              }
              case Deadline() -> finish(failed);
              case Stop _, Recorded _, Replace _, Recovered _, RecoveryFailed _ -> Behaviors.same();
            },
        (ctx, signal) -> Behaviors.same());
  }

  // --- recovering
  // ----------------------------------------------------------------------------------------------

  private boolean mayRecover(Throwable cause) {
    return parts.recovery().isPresent() && !(cause instanceof PartFailure);
  }

  private Behavior<Command> recover(Throwable cause) {
    context.getLog().error("the learner failed; the run goes back to its last checkpoint", cause);
    timers.cancelAll();
    children.keySet().forEach(context::stop);
    return emptying(cause);
  }

  /** Waits until all other actors are gone. */
  private Behavior<Command> emptying(Throwable cause) {
    if (children.isEmpty()) {
      Executor blocking =
          context
              .getSystem()
              .dispatchers()
              .lookup(DispatcherSelector.fromConfig(KritesRun.FILE_DISPATCHER));
      Supplier<Optional<RunParts.Recovery>> recovery = parts.recovery().orElseThrow();
      context.pipeToSelf(
          CompletableFuture.supplyAsync(recovery, blocking),
          (found, failure) -> failure == null ? new Recovered(found) : new RecoveryFailed(failure));
      return recovering(cause);
    }
    return Behaviors.<Command>receive(
        (ctx, command) ->
            command instanceof Stop ? finish(lost(cause, "the run was stopped")) : Behaviors.same(),
        (ctx, signal) -> {
          if (signal instanceof Terminated gone) {
            children.remove(gone.getRef());
            return emptying(cause);
          }
          return Behaviors.same();
        });
  }

  private Behavior<Command> recovering(Throwable cause) {
    return Behaviors.receiveMessage(
        command ->
            switch (command) {
              case Recovered(Optional<RunParts.Recovery> recovery) when recovery.isPresent() -> {
                RunParts.Recovery again = recovery.get();
                context.getLog().info("the run goes on from step {}", again.state().step());
                yield new RunSupervisor(
                        context,
                        timers,
                        settings.from(again.state()),
                        parts.from(again),
                        decide,
                        life + 1)
                    .spawnAll();
              }
              case Recovered _ -> finish(lost(cause, "there is no checkpoint to go back to"));
              case RecoveryFailed(Throwable failure) -> finish(lost(cause, Reasons.of(failure)));
              case Stop() -> finish(lost(cause, "the run was stopped"));
              case RunEnded _, Recorded _, Replace _, Deadline _ -> Behaviors.same();
            });
  }

  private static RunOutcome.Failed lost(Throwable cause, String andThen) {
    return new RunOutcome.Failed(
        "learner failed: " + Reasons.of(cause) + "; " + andThen, Optional.of(cause), none());
  }

  // --- ending
  // --------------------------------------------------------------------------------------------------

  /** Waits until everything was written down. */
  private Behavior<Command> record(Team team, RunOutcome outcome, RunSummary summary) {
    team.recorder().tell(new Recorder.Finish(summary, context.getSelf()));
    timers.startSingleTimer(new Deadline(), RECORDING);
    return Behaviors.<Command>receive(
        (ctx, command) ->
            switch (command) {
              case Recorded() -> finish(outcome);
              case Deadline() ->
                  finish(
                      unrecorded(summary, "the recorder did not finish in time", Optional.empty()));
              case Stop _, RunEnded _, Replace _, Recovered _, RecoveryFailed _ -> Behaviors.same();
            },
        (ctx, signal) ->
            signal instanceof ChildFailed failed && isRecorder(failed.getRef())
                ? finish(unrecorded(summary, Reasons.of(cause(failed)), Optional.of(cause(failed))))
                : Behaviors.same());
  }

  private boolean isRecorder(ActorRef<Void> ref) {
    return children.get(ref) instanceof Vital(String name) && name.equals(RECORDER);
  }

  private static RunOutcome unrecorded(RunSummary summary, String why, Optional<Throwable> cause) {
    return new RunOutcome.Failed(
        "the end of the run could not be recorded: " + why, cause, Optional.of(summary));
  }

  private static RunOutcome outcome(RunEnded ended) {
    return switch (ended.summary().outcome()) {
      case COMPLETED -> new RunOutcome.Completed(ended.summary(), ended.checkpoint());
      case STOPPED -> new RunOutcome.Stopped(ended.summary(), ended.checkpoint());
      case FAILED -> new RunOutcome.Failed(ended.reason(), none(), Optional.of(ended.summary()));
    };
  }

  private Behavior<Command> finish(RunOutcome outcome) {
    decide.accept(outcome);
    return Behaviors.stopped();
  }

  private static <T> Optional<T> none() {
    return Optional.empty();
  }
}
