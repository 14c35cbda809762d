package krites.actors;

import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import krites.actors.wire.ControlMessage;
import krites.actors.wire.DataMessage;
import krites.actors.wire.LocalMessage;
import krites.grpo.Group;
import krites.grpo.ScoredGroup;
import krites.grpo.StepReport;
import krites.grpo.WeightUpdate;
import krites.grpo.flow.Account;
import krites.grpo.flow.RunState;
import krites.grpo.record.RunSummary;
import krites.grpo.record.RunSummary.Outcome;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.StashBuffer;

/**
 * Leads a run: admits groups, hands each stage to the next, and tells the learner what to train.
 *
 * <p>It owns the {@link RunFlow}, in which every decision is made, and promises that a run ends:
 * completed, stopped, or failed with a line that says what it waited for. It knows no device, no
 * file and no reward.
 *
 * <p>States: {@code starting} until the learner is ready, {@code running}, {@code closing} while
 * the last checkpoint is written, {@code ended}.
 */
public final class Orchestrator {
  /** What it understands. */
  public sealed interface Command {}

  /**
   * A rollout worker can hold {@code capacity} training groups at once, or {@code evalCapacity} of
   * one response.
   */
  public record WorkerReady(
      String worker, int capacity, int evalCapacity, ActorRef<RolloutWorker.Command> ref)
      implements Command, ControlMessage {}

  /** A reward worker waits for groups. */
  public record RewardReady(String worker, ActorRef<RewardWorker.Command> ref)
      implements Command, ControlMessage {}

  /** The learner has its weights, of this version. */
  public record LearnerReady(WeightUpdate first, ActorRef<Learner.Command> ref)
      implements Command, ControlMessage {}

  /** All responses of a group are there, and so is a free slot. */
  public record GroupGenerated(String worker, Group group) implements Command, DataMessage {}

  /** The engine could not process a prompt. */
  public record GenerationFailed(String worker, long groupId, String reason)
      implements Command, ControlMessage {}

  /** All responses of a group have a reward. */
  public record GroupScored(String worker, ScoredGroup scored) implements Command, DataMessage {}

  /** The reward of a group could not be computed. */
  public record ScoringFailed(String worker, long groupId, String reason)
      implements Command, ControlMessage {}

  /** A step was trained and its weights are completely written. */
  public record Trained(StepReport report, WeightUpdate update)
      implements Command, ControlMessage {}

  /** The weights of a version were verified and offered to the workers. */
  public record Announced(WeightUpdate update) implements Command, ControlMessage {}

  /** A checkpoint lies at {@code path}. */
  public record Checkpointed(long step, String path) implements Command, ControlMessage {}

  /** The counters of a worker's engine moved. */
  public record WorkerProgress(String worker, Map<String, Double> counters)
      implements Command, ControlMessage {
    public WorkerProgress {
      counters = Map.copyOf(counters);
    }
  }

  /** A piece of the step under way is done. */
  public record LearnerProgress() implements Command, ControlMessage {}

  /** End early, with a checkpoint of the last completed step. */
  public record Stop() implements Command, ControlMessage {}

  /** The run cannot go on; tell what is known and end. */
  public record Abort(String reason) implements Command, ControlMessage {}

  private record WorkerGone(String worker) implements Command, LocalMessage {}

  private record RewardGone(String worker) implements Command, LocalMessage {}

  private record Tick() implements Command, LocalMessage {}

  private static final int STASH =
      10_000; // messages before the learner is ready: one per worker, and stops

  private final ActorContext<Command> context;
  private final RunSettings settings;
  private final RunParts parts;
  private final ActorRef<Recorder.Command> recorder;
  private final ActorRef<RunSupervisor.Command> supervisor;
  private final long startedNanos;
  private long movedNanos;
  private Optional<String> checkpoint = Optional.empty();

  private Orchestrator(
      ActorContext<Command> context,
      RunSettings settings,
      RunParts parts,
      ActorRef<Recorder.Command> recorder,
      ActorRef<RunSupervisor.Command> supervisor) {
    this.context = context;
    this.settings = settings;
    this.parts = parts;
    this.recorder = recorder;
    this.supervisor = supervisor;
    this.startedNanos = parts.nanos().getAsLong();
    this.movedNanos = startedNanos;
  }

  /** An orchestrator that waits for its learner. */
  static Behavior<Command> create(
      RunSettings settings,
      RunParts parts,
      ActorRef<Recorder.Command> recorder,
      ActorRef<RunSupervisor.Command> supervisor) {
    return Behaviors.setup(
        context ->
            Behaviors.withStash(
                STASH,
                stash ->
                    Behaviors.withTimers(
                        timers -> {
                          timers.startTimerWithFixedDelay(new Tick(), tick(settings));
                          return new Orchestrator(context, settings, parts, recorder, supervisor)
                              .starting(stash);
                        })));
  }

  private static Duration tick(RunSettings settings) {
    Duration shortest =
        Collections.min(
            List.of(
                settings.stallAfter(),
                settings.stopWithin(),
                settings.rewards().deadline(),
                settings.rewards().breakerCooldown()));
    long millis =
        Math.clamp(
            shortest.toMillis() / 4,
            10,
            2_000); // fine enough to end in time, rare enough to be free
    return Duration.ofMillis(millis);
  }

  // --- starting
  // ------------------------------------------------------------------------------------------------

  private Behavior<Command> starting(StashBuffer<Command> stash) {
    return Behaviors.receiveMessage(
        command ->
            switch (command) {
              case LearnerReady(WeightUpdate first, ActorRef<Learner.Command> ref) ->
                  stash.unstashAll(started(first, ref));
              case Stop() -> end(beforeFirst(Outcome.STOPPED), "");
              case Abort(String reason) -> end(beforeFirst(Outcome.FAILED), reason);
              case Tick() ->
                  isStalled()
                      ? end(
                          beforeFirst(Outcome.FAILED),
                          stalled("the learner has not loaded its weights"))
                      : Behaviors.same();
              case WorkerReady _, RewardReady _, Announced _, WorkerProgress _ -> {
                stash.stash(command);
                yield Behaviors.same();
              }
              case GroupGenerated _,
                  GenerationFailed _,
                  GroupScored _,
                  ScoringFailed _,
                  Trained _,
                  Checkpointed _,
                  LearnerProgress _,
                  WorkerGone _,
                  RewardGone _ ->
                  Behaviors.unhandled();
            });
  }

  private Behavior<Command> started(WeightUpdate first, ActorRef<Learner.Command> learner) {
    moved();
    RunFlow flow = RunFlow.begin(settings, parts, learner, recorder, first.version());
    flow.advance();
    return onward(flow);
  }

  // --- running
  // -------------------------------------------------------------------------------------------------

  private Behavior<Command> running(RunFlow flow) {
    return Behaviors.receiveMessage(
        command ->
            switch (command) {
              case Stop() -> close(flow, Outcome.STOPPED);
              case Abort(String reason) -> end(flow.summary(Outcome.FAILED, seconds()), reason);
              case Tick() ->
                  isStalled()
                      ? end(flow.summary(Outcome.FAILED, seconds()), stalled(flow.describe()))
                      : onTick(flow);
              case Checkpointed(long step, String path) -> onCheckpointed(flow, step, path);
              case WorkerReady(
                      String worker,
                      int capacity,
                      int evalCapacity,
                      ActorRef<RolloutWorker.Command> ref) -> {
                context.watchWith(ref, new WorkerGone(worker));
                yield moved(flow, () -> flow.workerReady(worker, capacity, evalCapacity, ref));
              }
              case RewardReady(String worker, ActorRef<RewardWorker.Command> ref) -> {
                context.watchWith(ref, new RewardGone(worker));
                yield moved(flow, () -> flow.rewardReady(worker, ref));
              }
              case WorkerGone(String worker) -> moved(flow, () -> flow.workerGone(worker));
              case RewardGone(String worker) -> moved(flow, () -> flow.rewardGone(worker));
              case GroupGenerated(String worker, Group group) ->
                  moved(flow, () -> flow.generated(worker, group));
              case GenerationFailed(String worker, long id, String reason) ->
                  moved(flow, () -> flow.generationFailed(worker, id, reason));
              case GroupScored(String worker, ScoredGroup scored) ->
                  moved(flow, () -> flow.scored(worker, scored));
              case ScoringFailed(String worker, long id, String reason) ->
                  moved(flow, () -> flow.scoringFailed(worker, id, reason));
              case Trained(StepReport report, WeightUpdate update) ->
                  moved(flow, () -> flow.trained(report, update));
              case Announced(WeightUpdate update) -> moved(flow, () -> flow.announced(update));
              case WorkerProgress(String worker, Map<String, Double> counters) ->
                  moved(flow, () -> flow.progress(worker, counters));
              case LearnerProgress() -> moved(flow, () -> {});
              case LearnerReady _ -> Behaviors.unhandled();
            });
  }

  /** One fact arrived: the flow takes it in, and goes as far as it can. */
  private Behavior<Command> moved(RunFlow flow, Runnable fact) {
    moved();
    fact.run();
    flow.advance();
    return onward(flow);
  }

  private Behavior<Command> onward(RunFlow flow) {
    return switch (flow.verdict()) {
      case RunFlow.Verdict.GoOn() -> running(flow);
      case RunFlow.Verdict.Done() -> close(flow, Outcome.COMPLETED);
      case RunFlow.Verdict.Hopeless(String reason) ->
          end(flow.summary(Outcome.FAILED, seconds()), reason);
    };
  }

  /** Time alone moved: deadlines may have passed. */
  private Behavior<Command> onTick(RunFlow flow) {
    flow.advance();
    return onward(flow);
  }

  private Behavior<Command> onCheckpointed(RunFlow flow, long step, String path) {
    moved();
    flow.checkpointed(step);
    checkpoint = Optional.of(path);
    return Behaviors.same();
  }

  // --- closing
  // -------------------------------------------------------------------------------------------------

  private Behavior<Command> close(RunFlow flow, Outcome outcome) {
    moved();
    if (flow.hasCheckpointOfLastStep()) {
      return end(flow.summary(outcome, seconds()), "");
    }
    flow.writeLastCheckpoint();
    return closing(flow, outcome);
  }

  /**
   * Waits for the last checkpoint only; a step that ends meanwhile still counts and is checkpointed
   * instead.
   */
  private Behavior<Command> closing(RunFlow flow, Outcome outcome) {
    return Behaviors.receiveMessage(
        command ->
            switch (command) {
              case Checkpointed(long step, String path) -> {
                onCheckpointed(flow, step, path);
                yield flow.hasCheckpointOfLastStep()
                    ? end(flow.summary(outcome, seconds()), "")
                    : Behaviors.same();
              }
              case Trained(StepReport report, WeightUpdate update) -> {
                flow.trained(report, update);
                yield close(flow, outcome);
              }
              case Stop() -> closing(flow, Outcome.STOPPED);
              case Abort(String reason) -> end(flow.summary(Outcome.FAILED, seconds()), reason);
              case Tick() -> onClosingTick(flow, outcome);
              case WorkerReady _,
                  RewardReady _,
                  LearnerReady _,
                  GroupGenerated _,
                  GenerationFailed _,
                  GroupScored _,
                  ScoringFailed _,
                  Announced _,
                  WorkerProgress _,
                  LearnerProgress _,
                  WorkerGone _,
                  RewardGone _ ->
                  Behaviors.same();
            });
  }

  private Behavior<Command> onClosingTick(RunFlow flow, Outcome outcome) {
    if (outcome == Outcome.STOPPED && idle().compareTo(settings.stopWithin()) >= 0) {
      context
          .getLog()
          .warn("stopped without a checkpoint of step {}: the learner did not answer", flow.step());
      return end(flow.summary(outcome, seconds()), "");
    }
    return isStalled()
        ? end(
            flow.summary(Outcome.FAILED, seconds()),
            stalled("the learner has not written the last checkpoint"))
        : Behaviors.same();
  }

  // --- ended
  // ---------------------------------------------------------------------------------------------------

  private Behavior<Command> end(RunSummary summary, String reason) {
    supervisor.tell(new RunSupervisor.RunEnded(summary, reason, checkpoint));
    return Behaviors.receiveMessage(command -> Behaviors.same());
  }

  private RunSummary beforeFirst(Outcome outcome) {
    Account nothing = new Account(0, 0, Map.of(), 0);
    return settings
        .startState()
        .map(RunState::ledger)
        .map(
            ledger ->
                new RunSummary(
                    outcome,
                    ledger.completedSteps(),
                    ledger.version(),
                    settings.runSeed(),
                    seconds(),
                    new Account(
                        ledger.issued(),
                        ledger.trained(),
                        ledger.dropped(),
                        ledger.inFlight().size()),
                    ledger.maxStalenessSeen(),
                    0,
                    0))
        .orElseGet(
            () ->
                new RunSummary(
                    outcome,
                    0,
                    RunFlow.FIRST_VERSION,
                    settings.runSeed(),
                    seconds(),
                    nothing,
                    0,
                    0,
                    0));
  }

  private void moved() {
    movedNanos = parts.nanos().getAsLong();
  }

  private Duration idle() {
    return Duration.ofNanos(parts.nanos().getAsLong() - movedNanos);
  }

  private boolean isStalled() {
    return idle().compareTo(settings.stallAfter()) >= 0;
  }

  private String stalled(String waitsFor) {
    return "nothing moved for " + settings.stallAfter().toMillis() / 1000.0 + " s: " + waitsFor;
  }

  private double seconds() {
    return (parts.nanos().getAsLong() - startedNanos) / (double) TimeUnit.SECONDS.toNanos(1);
  }
}
