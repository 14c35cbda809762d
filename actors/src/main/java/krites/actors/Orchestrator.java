package krites.actors;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import krites.actors.wire.ControlMessage;
import krites.actors.wire.DataMessage;
import krites.actors.wire.LocalMessage;
import krites.grpo.Group;
import krites.grpo.PartialGroup;
import krites.grpo.PolicyVersion;
import krites.grpo.ScoredGroup;
import krites.grpo.StepReport;
import krites.grpo.WeightUpdate;
import krites.grpo.flow.Account;
import krites.grpo.flow.Continuation;
import krites.grpo.flow.RunLedger;
import krites.grpo.port.ControlInbox;
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
 * <p>Every message may come late, twice or not at all: a ticking clock compares what is due with
 * what came ({@link StallWatch}), and whoever owes an answer is asked again.
 *
 * <p>States: {@code starting} until the learner is ready, {@code running}, {@code closing} while
 * the last checkpoint is written, {@code ended}.
 */
public final class Orchestrator {
  /** What it understands. */
  public sealed interface Command {}

  /**
   * A worker with an engine can hold {@code capacity} training groups at once, or {@code
   * evalCapacity} of one response.
   */
  public record WorkerReady(
      String worker,
      RolloutWorker.Duty duty,
      int capacity,
      int evalCapacity,
      ActorRef<RolloutWorker.Command> ref)
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

  /** A group was taken out of its engine before it was complete; it may go on from there. */
  public record GroupCut(String worker, PartialGroup partial) implements Command, DataMessage {}

  /**
   * A draining worker holds nothing any more; these groups it never began. Others that it held came
   * before this as {@link GroupCut}.
   */
  public record WorkerDrained(String worker, List<Long> unbegun)
      implements Command, ControlMessage {
    public WorkerDrained {
      unbegun = List.copyOf(unbegun);
    }
  }

  /**
   * How a rollout worker does, told in regular intervals whether or not anything happened.
   *
   * @param active the version it samples with; empty before its first weights
   * @param held the groups it has, in rising order: waiting for weights, or in the engine
   * @param counters of its engine
   * @param waitsFor what it cannot go on without
   */
  public record WorkerReport(
      String worker,
      Optional<PolicyVersion> active,
      List<Long> held,
      Map<String, Double> counters,
      WorkerWait waitsFor)
      implements Command, ControlMessage {
    public WorkerReport {
      held = List.copyOf(held);
      counters = Map.copyOf(counters);
    }
  }

  /** All responses of a group have a reward. */
  public record GroupScored(String worker, ScoredGroup scored) implements Command, DataMessage {}

  /** The reward of a group could not be computed. */
  public record ScoringFailed(String worker, long groupId, String reason)
      implements Command, ControlMessage {}

  /** A step was trained and its weights are completely written. */
  public record Trained(StepReport report, WeightUpdate update)
      implements Command, ControlMessage {}

  /** A piece of the step under way is done. */
  public record LearnerProgress() implements Command, ControlMessage {}

  /**
   * Where the learner stands, for whoever asked.
   *
   * @param version of its weights
   * @param step the step under way, 0 for none
   */
  public record LearnerStatus(PolicyVersion version, long step)
      implements Command, ControlMessage {}

  /** The weights of a version were verified and offered to the workers. */
  public record Announced(WeightUpdate update) implements Command, ControlMessage {}

  /** The weights of a version stay where they are for its evaluation. */
  public record KeptForEval(PolicyVersion version) implements Command, ControlMessage {}

  /** A checkpoint lies at {@code path}. */
  public record Checkpointed(long step, String path) implements Command, ControlMessage {}

  /** So many entries of the journal were handed to the operating system. */
  public record Written(long entries) implements Command, ControlMessage {}

  /** So many entries of the journal are safe on disk. */
  public record Synced(long entries) implements Command, ControlMessage {}

  /** The batch of a step was recorded. */
  public record BatchWritten(long step) implements Command, ControlMessage {}

  /** Somebody wants a setting changed. */
  record Change(ControlInbox.Request request, ActorRef<ControlDesk.Command> replyTo)
      implements Command, LocalMessage {}

  /** End early, with a checkpoint of the last completed step. */
  public record Stop() implements Command, ControlMessage {}

  /** The run cannot go on; tell what is known and end. */
  public record Abort(String reason) implements Command, ControlMessage {}

  /** A rollout worker is one too many: it hands its groups back and goes. */
  record Release(String worker) implements Command, LocalMessage {}

  /** A worker will not answer any more, dead or not. */
  record WorkerGone(String worker) implements Command, LocalMessage {}

  /** A reward worker will not answer any more, dead or not. */
  record RewardGone(String worker) implements Command, LocalMessage {}

  private record Tick() implements Command, LocalMessage {}

  /** What an orchestrator needs to know of the others. */
  record Team(
      ActorRef<ParameterServer.Command> parameterServer,
      ActorRef<Recorder.Command> recorder,
      ActorRef<RunSupervisor.Command> supervisor) {}

  /** Its name in reports of who waits for whom. */
  static final String NAME = "orchestrator";

  private static final int STASH =
      10_000; // messages before the learner is ready: one per worker, and stops

  private final ActorContext<Command> context;
  private final RunSettings settings;
  private final RunParts parts;
  private final Team team;
  private final StallWatch watch;
  private final long startedNanos;
  private Optional<String> checkpoint = Optional.empty();

  private Orchestrator(
      ActorContext<Command> context, RunSettings settings, RunParts parts, Team team) {
    this.context = context;
    this.settings = settings;
    this.parts = parts;
    this.team = team;
    this.startedNanos = parts.nanos().getAsLong();
    this.watch = new StallWatch(settings, parts.nanos(), team);
  }

  /** An orchestrator that waits for its learner. */
  static Behavior<Command> create(RunSettings settings, RunParts parts, Team team) {
    return Behaviors.setup(
        context ->
            Behaviors.withStash(
                STASH,
                stash ->
                    Behaviors.withTimers(
                        timers -> {
                          timers.startTimerWithFixedDelay(new Tick(), tick(settings));
                          return new Orchestrator(context, settings, parts, team).starting(stash);
                        })));
  }

  private static Duration tick(RunSettings settings) {
    Duration rewards =
        Duration.ofMillis(
            Math.clamp(
                Math.min(
                        settings.rewards().deadline().toMillis(),
                        settings.rewards().breakerCooldown().toMillis())
                    / 4,
                10,
                1_000));
    Duration waits = settings.patience().tick();
    return rewards.compareTo(waits) < 0 ? rewards : waits;
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
                  watch
                      .starting()
                      .map(reason -> end(beforeFirst(Outcome.FAILED), reason))
                      .orElse(Behaviors.same());
              case WorkerReady _, RewardReady _, Announced _, Change _ -> {
                if (!stash.contains(command)) { // a worker announces itself until it was heard
                  stash.stash(command);
                }
                yield Behaviors.same();
              }
              case WorkerReport _,
                  GroupGenerated _,
                  GroupCut _,
                  WorkerDrained _,
                  GenerationFailed _,
                  GroupScored _,
                  ScoringFailed _,
                  Trained _,
                  KeptForEval _,
                  Checkpointed _,
                  Written _,
                  Synced _,
                  BatchWritten _,
                  LearnerProgress _,
                  LearnerStatus _,
                  Release _,
                  WorkerGone _,
                  RewardGone _ ->
                  Behaviors.same();
            });
  }

  private Behavior<Command> started(WeightUpdate first, ActorRef<Learner.Command> learner) {
    watch.moved();
    var peers =
        new RunFlow.Peers(learner, team.parameterServer(), team.recorder(), context.getSelf());
    RunFlow flow = RunFlow.begin(settings, parts, peers, first);
    flow.advance();
    return onward(flow);
  }

  // --- running
  // -------------------------------------------------------------------------------------------------

  private Behavior<Command> running(RunFlow flow) {
    return Behaviors.receiveMessage(
        command ->
            switch (command) {
              case Stop() -> quiet(flow, flow::stop);
              case Abort(String reason) -> end(flow, Outcome.FAILED, reason);
              case Tick() -> onTick(flow);
              case Checkpointed(long step, String path) -> onCheckpointed(flow, step, path);
              case WorkerReady(
                      String worker,
                      RolloutWorker.Duty duty,
                      int capacity,
                      int evalCapacity,
                      ActorRef<RolloutWorker.Command> ref) -> {
                if (flow.workerReady(worker, duty, capacity, evalCapacity, ref)) {
                  context.watchWith(ref, new WorkerGone(worker));
                  yield moved(flow, () -> {});
                }
                yield Behaviors.same();
              }
              case RewardReady(String worker, ActorRef<RewardWorker.Command> ref) -> {
                context.watchWith(ref, new RewardGone(worker));
                yield quiet(flow, () -> flow.rewardReady(worker, ref));
              }
              case WorkerGone(String worker) -> moved(flow, () -> flow.workerGone(worker));
              case RewardGone(String worker) -> moved(flow, () -> flow.rewardGone(worker));
              case GroupGenerated(String worker, Group group) ->
                  moved(flow, () -> flow.generated(worker, group));
              case GroupCut(String worker, PartialGroup partial) ->
                  moved(flow, () -> flow.cut(worker, partial));
              case WorkerDrained(String worker, List<Long> _) -> {
                team.supervisor().tell(new RunSupervisor.Drained(worker));
                yield moved(flow, () -> flow.drained(worker));
              }
              case Release(String worker) -> {
                if (!flow.release(worker)) {
                  team.supervisor().tell(new RunSupervisor.Drained(worker));
                }
                yield Behaviors.same();
              }
              case GenerationFailed(String worker, long id, String reason) ->
                  moved(flow, () -> flow.generationFailed(worker, id, reason));
              case WorkerReport report ->
                  // a report alone is no progress: a hanging engine must not quiet the watchdog
                  flow.report(report) ? moved(flow, () -> {}) : Behaviors.same();
              case GroupScored(String worker, ScoredGroup scored) ->
                  moved(flow, () -> flow.scored(worker, scored));
              case ScoringFailed(String worker, long id, String reason) ->
                  moved(flow, () -> flow.scoringFailed(worker, id, reason));
              case Trained(StepReport report, WeightUpdate update) ->
                  moved(flow, () -> flow.trained(report, update));
              case LearnerProgress() -> moved(flow, flow::learnerProgress);
              case LearnerStatus(PolicyVersion version, long step) ->
                  quiet(flow, () -> flow.learnerStatus(version, step));
              case Announced(WeightUpdate update) -> moved(flow, () -> flow.announced(update));
              case KeptForEval(PolicyVersion version) ->
                  moved(flow, () -> flow.keptForEval(version));
              case Written(long entries) -> quiet(flow, () -> flow.written(entries));
              case Synced(long entries) -> quiet(flow, () -> flow.synced(entries));
              case BatchWritten(long step) -> quiet(flow, () -> flow.batchWritten(step));
              case Change(ControlInbox.Request request, ActorRef<ControlDesk.Command> replyTo) ->
                  onChange(flow, request, replyTo);
              case LearnerReady(WeightUpdate _, ActorRef<Learner.Command> ref) -> {
                ref.tell(new Learner.Ask()); // it has not heard that it was heard
                yield Behaviors.same();
              }
            });
  }

  /** One fact arrived: the flow takes it in, and goes as far as it can. */
  private Behavior<Command> moved(RunFlow flow, Runnable fact) {
    watch.moved();
    return quiet(flow, fact);
  }

  /** The same for a fact that is no progress of the run. */
  private Behavior<Command> quiet(RunFlow flow, Runnable fact) {
    fact.run();
    flow.advance();
    return onward(flow);
  }

  private Behavior<Command> onward(RunFlow flow) {
    return switch (flow.verdict()) {
      case RunFlow.Verdict.GoOn() -> running(flow);
      case RunFlow.Verdict.Done() -> close(flow, Outcome.COMPLETED);
      case RunFlow.Verdict.Stopped() -> close(flow, Outcome.STOPPED);
      case RunFlow.Verdict.Hopeless(String reason) -> end(flow, Outcome.FAILED, reason);
    };
  }

  private Behavior<Command> onTick(RunFlow flow) {
    if (watch.stoodStill()) {
      context.getLog().warn("this process stood still for a while; nobody else is blamed for it");
      flow.stoodStill();
    }
    flow.tick();
    flow.advance();
    Optional<String> hopeless = watch.running(flow);
    return hopeless.isPresent() ? end(flow, Outcome.FAILED, hopeless.get()) : onward(flow);
  }

  private Behavior<Command> onChange(
      RunFlow flow, ControlInbox.Request request, ActorRef<ControlDesk.Command> replyTo) {
    String line = flow.change(request.setting());
    team.supervisor().tell(new RunSupervisor.Changed(request.setting()));
    replyTo.tell(new ControlDesk.Answer(request.id(), true, line));
    return moved(flow, () -> {});
  }

  private Behavior<Command> onCheckpointed(RunFlow flow, long step, String path) {
    if (flow.checkpointed(step)) {
      watch.moved();
      checkpoint = Optional.of(path);
    }
    return Behaviors.same();
  }

  // --- closing
  // -------------------------------------------------------------------------------------------------

  private Behavior<Command> close(RunFlow flow, Outcome outcome) {
    watch.moved();
    if (flow.hasCheckpointOfLastStep()) {
      return end(flow, outcome, "");
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
                yield flow.hasCheckpointOfLastStep() ? end(flow, outcome, "") : Behaviors.same();
              }
              case Trained(StepReport report, WeightUpdate update) -> {
                flow.trained(report, update);
                yield close(flow, outcome);
              }
              case Stop() -> closing(flow, Outcome.STOPPED);
              case Abort(String reason) -> end(flow, Outcome.FAILED, reason);
              case Tick() -> onClosingTick(flow, outcome);
              case LearnerProgress() -> closingFact(flow::learnerProgress);
              case LearnerStatus(PolicyVersion version, long step) ->
                  closingFact(() -> flow.learnerStatus(version, step));
              case Written(long entries) -> closingFact(() -> flow.written(entries));
              case Synced(long entries) -> closingFact(() -> flow.synced(entries));
              case Change(ControlInbox.Request request, ActorRef<ControlDesk.Command> replyTo) -> {
                replyTo.tell(new ControlDesk.Answer(request.id(), false, "the run is ending"));
                yield Behaviors.same();
              }
              case WorkerReady _,
                  RewardReady _,
                  LearnerReady _,
                  GroupGenerated _,
                  GroupCut _,
                  WorkerDrained _,
                  GenerationFailed _,
                  GroupScored _,
                  ScoringFailed _,
                  Announced _,
                  KeptForEval _,
                  BatchWritten _,
                  WorkerReport _,
                  Release _,
                  WorkerGone _,
                  RewardGone _ ->
                  Behaviors.same();
            });
  }

  private static Behavior<Command> closingFact(Runnable fact) {
    fact.run();
    return Behaviors.same();
  }

  private Behavior<Command> onClosingTick(RunFlow flow, Outcome outcome) {
    flow.tick();
    if (outcome == Outcome.STOPPED && watch.isIdleFor(settings.patience().stopWithin())) {
      context
          .getLog()
          .warn("stopped without a checkpoint of step {}: the learner did not answer", flow.step());
      return end(flow, outcome, "");
    }
    return watch
        .closing(flow)
        .map(reason -> end(flow, Outcome.FAILED, reason))
        .orElse(Behaviors.same());
  }

  // --- ended
  // ---------------------------------------------------------------------------------------------------

  private Behavior<Command> end(RunFlow flow, Outcome outcome, String reason) {
    flow.ended(outcome);
    watch.ended(flow, outcome, reason);
    return end(flow.summary(outcome, seconds()), reason);
  }

  private Behavior<Command> end(RunSummary summary, String reason) {
    team.supervisor().tell(new RunSupervisor.RunEnded(summary, reason, checkpoint));
    return Behaviors.receiveMessage(command -> Behaviors.same());
  }

  private RunSummary beforeFirst(Outcome outcome) {
    Optional<RunLedger> ledger = settings.start().map(Continuation::ledger);
    return new RunSummary(
        outcome,
        ledger.map(RunLedger::completedSteps).orElse(0L),
        ledger.map(RunLedger::version).orElse(RunFlow.FIRST_VERSION),
        settings.runSeed(),
        seconds(),
        ledger.map(RunLedger::account).orElseGet(() -> new Account(0, 0, Map.of(), 0)),
        ledger.map(RunLedger::maxStalenessSeen).orElse(0L),
        0,
        0);
  }

  private double seconds() {
    return (parts.nanos().getAsLong() - startedNanos) / (double) TimeUnit.SECONDS.toNanos(1);
  }
}
