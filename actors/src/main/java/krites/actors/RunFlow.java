package krites.actors;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.grpo.Drop;
import krites.grpo.Group;
import krites.grpo.PolicyVersion;
import krites.grpo.Reward;
import krites.grpo.ScoredGroup;
import krites.grpo.StepReport;
import krites.grpo.TrainingBatch;
import krites.grpo.TrainingGroup;
import krites.grpo.WeightUpdate;
import krites.grpo.flow.CursorState;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.flow.LedgerEvent.BatchTaken;
import krites.grpo.flow.LedgerEvent.GroupDropped;
import krites.grpo.flow.LedgerEvent.GroupStarted;
import krites.grpo.flow.PromptCursor;
import krites.grpo.flow.PromptTicket;
import krites.grpo.flow.RunLedger;
import krites.grpo.flow.RunState;
import krites.grpo.flow.Seeds;
import krites.grpo.port.GroupRequest;
import krites.grpo.record.RunSummary;
import org.apache.pekko.actor.typed.ActorRef;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The orchestrator's hands: it holds the stages of every group, asks the ledger what may happen,
 * and sends what follows.
 *
 * <p>Every fact comes in by a method of its own; {@link #advance()} then does all that has become
 * possible. Training, and with it new groups, rest while an evaluation is under way, so that an
 * evaluation has all workers for itself and a checkpoint after it finds few groups in flight.
 */
final class RunFlow {
  /** Where a run without a learner stands. */
  static final PolicyVersion FIRST_VERSION = new PolicyVersion(0, 0);

  /** What the facts so far mean for the run. */
  sealed interface Verdict {
    record GoOn() implements Verdict {}

    /** All steps are trained and evaluated, and the last version is announced. */
    record Done() implements Verdict {}

    record Hopeless(String reason) implements Verdict {}
  }

  /** A batch at the learner, and when it got it. */
  private record Step(TrainingBatch batch, long takenNanos) {}

  private static final Logger LOG = LoggerFactory.getLogger(RunFlow.class);

  private final RunSettings settings;
  private final RunParts parts;
  private final ActorRef<Learner.Command> learner;
  private final ActorRef<Recorder.Command> recorder;
  private final RunLedger ledger;
  private final PromptCursor cursor;
  private final StepRecorder steps;
  private final RolloutTable rollout = new RolloutTable();
  private final ScoreDesk desk = new ScoreDesk();
  private final Map<Long, ScoredGroup> ready = new HashMap<>();
  private final List<LedgerEvent> journal = new ArrayList<>();
  private @Nullable Step training;
  private @Nullable EvalRound eval;
  private long evalStartedNanos;
  private long evaluatedStep;
  private long checkpointedStep = -1;
  private boolean checkpointDue;
  private @Nullable PolicyVersion announced;
  private long weightsVersions;
  private long workersLost;
  private int failuresInRow;
  private String lastFailure = "";

  private RunFlow(
      RunSettings settings,
      RunParts parts,
      ActorRef<Learner.Command> learner,
      ActorRef<Recorder.Command> recorder,
      RunLedger ledger,
      PromptCursor cursor) {
    this.settings = settings;
    this.parts = parts;
    this.learner = learner;
    this.recorder = recorder;
    this.ledger = ledger;
    this.cursor = cursor;
    this.evaluatedStep = settings.startState().map(RunState::evaluatedStep).orElse(-1L);
    this.steps = new StepRecorder(recorder, settings.samplesPerStep(), parts.nanos().getAsLong());
  }

  /**
   * The flow of a new run, or of one that goes on; groups that were in flight then are dropped and
   * issued again.
   */
  static RunFlow begin(
      RunSettings settings,
      RunParts parts,
      ActorRef<Learner.Command> learner,
      ActorRef<Recorder.Command> recorder,
      PolicyVersion version) {
    long size = parts.train().size();
    Optional<RunState> start = settings.startState();
    RunLedger ledger =
        start
            .map(state -> RunLedger.restore(settings.limits(), state.ledger().under(version)))
            .orElseGet(() -> new RunLedger(settings.limits(), version));
    CursorState position = start.map(RunState::cursor).orElseGet(() -> CursorState.start(size));
    PromptCursor cursor =
        new PromptCursor(size, Seeds.ofName(settings.runSeed(), "prompts"), position);
    RunFlow flow = new RunFlow(settings, parts, learner, recorder, ledger, cursor);
    ledger.restarted().forEach(flow::drop);
    return flow;
  }

  // --- facts
  // ---------------------------------------------------------------------------------------------------

  void workerReady(
      String worker, int capacity, int evalCapacity, ActorRef<RolloutWorker.Command> ref) {
    rollout.join(worker, capacity, evalCapacity, ref);
  }

  void rewardReady(String worker, ActorRef<RewardWorker.Command> ref) {
    desk.join(worker, ref);
  }

  void workerGone(String worker) {
    workersLost++;
    List<Long> held = rollout.leave(worker);
    LOG.warn("rollout worker {} is gone, its groups {} are issued again", worker, held);
    ledger.lost(worker).forEach(this::drop);
    if (eval != null) {
      held.stream().filter(RunFlow::isEval).forEach(eval::giveBack);
    }
  }

  void rewardGone(String worker) {
    desk.leave(worker).forEach(id -> giveUpScoring(id, "reward worker " + worker + " died"));
  }

  void progress(String worker, Map<String, Double> counted) {
    steps.counted(worker, counted);
  }

  void announced(WeightUpdate update) {
    weightsVersions++;
    announced = update.version();
    LOG.debug("{} is announced", update.version());
  }

  void checkpointed(long step) {
    checkpointedStep = step;
  }

  void generated(String worker, Group group) {
    if (!rollout.release(worker, group.id())) {
      LOG.debug("group {} of {} came too late", group.id(), worker);
      return;
    }
    if (!isEval(group.id())) {
      note(new LedgerEvent.GroupGenerated(group.id(), group.oldestVersion()));
    }
    desk.submit(group);
  }

  void generationFailed(String worker, long groupId, String reason) {
    if (rollout.release(worker, groupId)) {
      giveUp(groupId, Drop.ROLLOUT_FAILED, reason);
    }
  }

  void scored(String worker, ScoredGroup scored) {
    if (!desk.done(worker, scored.id())) {
      LOG.debug("rewards of group {} of {} came too late", scored.id(), worker);
    } else if (isEval(scored.id())) {
      if (eval != null) {
        eval.scored(scored);
      }
    } else {
      settings
          .filter()
          .judge(scored)
          .ifPresentOrElse(
              reason -> giveUp(scored.id(), reason, "all rewards are equal"), () -> accept(scored));
    }
  }

  void scoringFailed(String worker, long groupId, String reason) {
    if (desk.failed(worker, groupId)) {
      giveUpScoring(groupId, reason);
    }
  }

  /** A step is done; evaluation and checkpoint come before the next batch. */
  void trained(StepReport report, WeightUpdate update) {
    Step step = training;
    if (step == null || !update.version().equals(report.version())) {
      throw new IllegalStateException(
          "step "
              + report.step()
              + " made "
              + report.version()
              + ", but "
              + update.version()
              + " was published");
    }
    note(new LedgerEvent.StepTrained(report.step(), report.version()));
    training = null;
    checkpointDue = settings.checkpointsAfter(report.step());
    steps.trained(step.batch(), report, ledger.account(), step.takenNanos(), now());
    flushJournal();
  }

  // --- what follows
  // --------------------------------------------------------------------------------------------

  /**
   * Does all that has become possible, in the order evaluation, checkpoint, training, new groups.
   */
  void advance() {
    beginEval();
    dispatchEval();
    endEval();
    if (eval == null) {
      writeCheckpoint();
      takeBatch();
      admit();
    }
    flushJournal();
  }

  /** Whether the run goes on. */
  Verdict verdict() {
    int most =
        Math.max(
            100,
            20
                * settings
                    .groupsPerStep()); // far beyond chance, and soon enough for a broken dataset
    if (failuresInRow > most) {
      return new Verdict.Hopeless(
          failuresInRow + " groups in a row could not be used, the last: " + lastFailure);
    }
    boolean done =
        ledger.isComplete()
            && eval == null
            && evaluatedStep == ledger.completedSteps()
            && ledger.version().equals(announced);
    return done ? new Verdict.Done() : new Verdict.GoOn();
  }

  private void beginEval() {
    long step = ledger.completedSteps();
    if (eval == null
        && training == null
        && evaluatedStep != step
        && settings.evaluatesAfter(step)) {
      eval = new EvalRound(step, ledger.version(), parts.evalSets());
      evalStartedNanos = now();
    }
  }

  private void dispatchEval() {
    if (eval == null) {
      return;
    }
    Optional<String> worker = rollout.freest(true);
    while (eval.hasNext() && worker.isPresent()) {
      EvalRound.Item item = eval.next().orElseThrow();
      long seed = Seeds.ofName(settings.runSeed(), "eval/" + item.prompt().id());
      var request = new GroupRequest(item.groupId(), item.prompt(), settings.evalSampling(), seed);
      rollout.assign(worker.get(), true, new RolloutWorker.Generate(request, ledger.version()));
      worker = rollout.freest(true);
    }
  }

  private void endEval() {
    if (eval == null || !eval.isDone()) {
      return;
    }
    long took = now() - evalStartedNanos;
    eval.records(StepRecorder.seconds(took))
        .forEach(record -> recorder.tell(new Recorder.RecordEval(record)));
    eval = null;
    steps.evaluated(took);
    evaluatedStep = ledger.completedSteps();
  }

  /** Asks for a checkpoint of the last completed step, whatever is under way. */
  void writeLastCheckpoint() {
    learner.tell(new Learner.Checkpoint(state()));
  }

  private void writeCheckpoint() {
    if (checkpointDue && !ledger.isComplete()) {
      writeLastCheckpoint();
    }
    checkpointDue = false;
  }

  private void takeBatch() {
    if (training != null) {
      return;
    }
    ledger.stale().forEach(this::drop);
    ledger.batch().ifPresent(this::train);
  }

  private void train(BatchTaken taken) {
    note(taken);
    List<TrainingGroup> groups =
        taken.groupIds().stream().map(this::takeReady).map(this::withAdvantages).toList();
    var batch = TrainingBatch.of(taken.step(), taken.policy(), groups, settings.maxStaleness());
    training = new Step(batch, now());
    learner.tell(new Learner.Train(batch));
  }

  private ScoredGroup takeReady(long groupId) {
    ScoredGroup scored = ready.remove(groupId);
    if (scored == null) {
      throw new IllegalStateException(
          "group " + groupId + " is ready in the ledger, but its responses are not here");
    }
    return scored;
  }

  private TrainingGroup withAdvantages(ScoredGroup scored) {
    double[] rewards = scored.rewards().stream().mapToDouble(Reward::total).toArray();
    return new TrainingGroup(
        scored, Arrays.stream(settings.advantage().advantages(rewards)).boxed().toList());
  }

  private void admit() {
    Optional<String> worker = rollout.freest(false);
    while (ledger.mayStart() && worker.isPresent()) {
      PromptTicket ticket = cursor.next();
      GroupStarted started = ledger.start(ticket, worker.get());
      note(started);
      var prompt = parts.train().prompt(cursor.index(ticket));
      long seed = Seeds.ofGroup(settings.runSeed(), ticket);
      var request = new GroupRequest(started.groupId(), prompt, settings.sampling(), seed);
      rollout.assign(worker.get(), false, new RolloutWorker.Generate(request, oldestUseful()));
      worker = rollout.freest(false);
    }
  }

  /** A group that began under an older version would be stale by the time of its batch. */
  private PolicyVersion oldestUseful() {
    PolicyVersion version = ledger.version();
    return new PolicyVersion(
        version.term(), Math.max(0, version.number() - Math.max(0, settings.maxStaleness() - 1)));
  }

  // --- ends of groups
  // ------------------------------------------------------------------------------------------

  private void accept(ScoredGroup scored) {
    failuresInRow = 0;
    note(new LedgerEvent.GroupReady(scored.id()));
    ready.put(scored.id(), scored);
  }

  private void giveUpScoring(long groupId, String reason) {
    giveUp(groupId, Drop.REWARD_FAILED, reason);
  }

  private void giveUp(long groupId, Drop drop, String reason) {
    if (isEval(groupId)) {
      LOG.warn("an eval prompt has no reward ({}): {}", drop, reason);
      if (eval != null) {
        eval.failed(groupId);
      }
      return;
    }
    failuresInRow++;
    lastFailure = "group " + groupId + " was dropped (" + drop + "): " + reason;
    if (drop != Drop.FLAT) {
      LOG.warn(lastFailure);
    }
    drop(new GroupDropped(groupId, drop));
  }

  private void drop(GroupDropped dropped) {
    PromptTicket ticket = ledger.ticket(dropped.groupId());
    note(dropped);
    ready.remove(dropped.groupId());
    RunLedger.reissue(ticket, dropped.reason()).ifPresent(cursor::giveBack);
  }

  // --- what is known
  // -------------------------------------------------------------------------------------------

  long step() {
    return ledger.completedSteps();
  }

  boolean hasCheckpointOfLastStep() {
    return checkpointedStep == ledger.completedSteps();
  }

  /** The run as it stands, to be written with the weights of its version. */
  RunState state() {
    return new RunState(
        ledger.completedSteps(),
        ledger.version(),
        settings.runSeed(),
        evaluatedStep,
        ledger.snapshot(),
        cursor.state());
  }

  RunSummary summary(RunSummary.Outcome outcome, double wallSeconds) {
    flushJournal();
    return new RunSummary(
        outcome,
        ledger.completedSteps(),
        ledger.version(),
        settings.runSeed(),
        wallSeconds,
        ledger.account(),
        ledger.maxStalenessSeen(),
        weightsVersions,
        workersLost);
  }

  /** Who waits for whom, in one line. */
  String describe() {
    List<String> parts = new ArrayList<>();
    if (eval != null) {
      parts.add(
          "the evaluation of "
              + ledger.version()
              + " waits for "
              + eval.remaining()
              + " responses");
    } else if (training != null) {
      parts.add("step " + training.batch().step() + " waits for the learner");
    } else if (ledger.isComplete()) {
      parts.add("the end waits for the parameter server to announce " + ledger.version());
    } else {
      parts.add(
          "step "
              + (ledger.completedSteps() + 1)
              + " waits for "
              + (settings.groupsPerStep() - ledger.ready())
              + " of "
              + settings.groupsPerStep()
              + " groups");
    }
    List<String> workers = rollout.describe();
    parts.addAll(workers.isEmpty() ? List.of("no rollout worker is ready") : workers);
    parts.addAll(desk.describe());
    return String.join("; ", parts);
  }

  // --- records
  // -------------------------------------------------------------------------------------------------------

  private void note(LedgerEvent event) {
    ledger.apply(event);
    journal.add(event);
  }

  private void flushJournal() {
    if (!journal.isEmpty()) {
      recorder.tell(new Recorder.RecordEvents(List.copyOf(journal)));
      journal.clear();
    }
  }

  private static boolean isEval(long groupId) {
    return groupId < 0;
  }

  private long now() {
    return parts.nanos().getAsLong();
  }
}
