package krites.actors;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.grpo.Drop;
import krites.grpo.Group;
import krites.grpo.PartialGroup;
import krites.grpo.PolicyVersion;
import krites.grpo.Reward;
import krites.grpo.ScoredGroup;
import krites.grpo.StepReport;
import krites.grpo.TrainingBatch;
import krites.grpo.TrainingGroup;
import krites.grpo.WeightUpdate;
import krites.grpo.flow.BiasMeter;
import krites.grpo.flow.Continuation;
import krites.grpo.flow.GroupState;
import krites.grpo.flow.GroupState.Phase;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.flow.LedgerEvent.BatchTaken;
import krites.grpo.flow.LedgerEvent.GroupDropped;
import krites.grpo.flow.LedgerEvent.PromptSetAside;
import krites.grpo.flow.LedgerEvent.RunStarted;
import krites.grpo.flow.LiveSetting;
import krites.grpo.flow.RunLedger;
import krites.grpo.flow.RunState;
import krites.grpo.port.PromptSource;
import krites.grpo.record.RunSummary;
import org.apache.pekko.actor.typed.ActorRef;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The orchestrator's hands: it holds the stages of every group, asks the ledger what may happen,
 * and sends what follows.
 *
 * <p>Every fact comes in by a method of its own, and more than once does no harm; {@link
 * #advance()} then does all that has become possible, and {@link #tick()} asks again where an
 * answer is due. What rests while an evaluation is under way is the {@link EvalDesk}'s word.
 */
final class RunFlow {
  /** Where a run without a learner stands. */
  static final PolicyVersion FIRST_VERSION = new PolicyVersion(0, 0);

  /** What the facts so far mean for the run. */
  sealed interface Verdict {
    record GoOn() implements Verdict {}

    /** All steps are trained and evaluated, and the last version is announced. */
    record Done() implements Verdict {}

    /** It was stopped, and no evaluation is lost by that (any more). */
    record Stopped() implements Verdict {}

    record Hopeless(String reason) implements Verdict {}
  }

  /** The actors that a flow talks to. */
  record Peers(
      ActorRef<Learner.Command> learner,
      ActorRef<ParameterServer.Command> parameterServer,
      ActorRef<Recorder.Command> recorder,
      ActorRef<Orchestrator.Command> self) {}

  private static final Logger LOG = LoggerFactory.getLogger(RunFlow.class);

  private final RunSettings settings;
  private final RunParts parts;
  private final Peers peers;
  private final RunLedger ledger;
  private final FlowJournal journal;
  private final StepRecorder steps;
  private final LearnerDesk learner;
  private final RolloutDesk rollout;
  private final ScoreDesk desk;
  private final GroupDispatch dispatch;
  private final EvalDesk evals;
  private final BiasMeter bias;
  private final Map<Long, ScoredGroup> ready = new HashMap<>();
  private LiveSettings live;
  private final long startedNanos;
  private long checkpointedStep = -1;
  private boolean checkpointDue;
  private @Nullable TrainingBatch recording;
  private @Nullable Long stoppedNanos;
  private long weightsVersions;
  private long workersLost;
  private int failuresInRow;
  private String lastFailure = "";
  private String lastBias = "";

  private RunFlow(
      RunSettings settings, RunParts parts, Peers peers, WeightUpdate first, RunLedger ledger) {
    long now = parts.nanos().getAsLong();
    long nudge = settings.patience().nudge().toNanos();
    this.settings = settings;
    this.parts = parts;
    this.startedNanos = now;
    this.peers = peers;
    this.ledger = ledger;
    this.live = LiveSettings.of(settings);
    long entries = settings.start().map(Continuation::journal).orElse(0L);
    this.journal = new FlowJournal(ledger, entries, peers.recorder(), peers.self(), now);
    this.steps = new StepRecorder(peers.recorder(), settings.samplesPerStep(), now);
    this.learner = new LearnerDesk(peers, first, nudge, now);
    this.rollout = new RolloutDesk(nudge);
    this.desk = new ScoreDesk(settings.rewards());
    this.bias = new BiasMeter((int) Math.min(BiasMeter.WINDOW, live.limits().admitted(0)));
    this.dispatch =
        new GroupDispatch(settings, parts.train(), ledger, journal, rollout, parts.nanos());
    long evaluatedStep = settings.start().map(start -> start.state().evaluatedStep()).orElse(-1L);
    this.evals = new EvalDesk(settings, parts.evalSets(), peers, evaluatedStep);
  }

  /**
   * The flow of a new run, or of one that goes on; groups that were in flight then are dropped and
   * issued again, and what lost steps had trained is undone.
   */
  static RunFlow begin(RunSettings settings, RunParts parts, Peers peers, WeightUpdate first) {
    PromptSource train = parts.train();
    LiveSettings live = LiveSettings.of(settings);
    var started =
        new RunStarted(
            settings.runSeed(), train.size(), train.mix(), live.limits(), first.version());
    RunLedger ledger =
        settings.start().map(Continuation::ledger).orElseGet(() -> RunLedger.of(started));
    RunFlow flow = new RunFlow(settings, parts, peers, first, ledger);
    if (settings.start().isPresent()) {
      ledger.restarted().forEach(flow::drop);
      long step = settings.start().get().state().step();
      flow.journal.note(new LedgerEvent.RunResumed(step, first.version(), live.limits()));
      flow.setAsideCondemned();
    } else {
      flow.journal.begin(started);
    }
    flow.journal.note(new LedgerEvent.VersionPublished(first.version(), first.digest()));
    LOG.info(MemoryBound.of(live.limits(), settings.sampling()).toString());
    return flow;
  }

  // --- facts: rollout
  // ------------------------------------------------------------------------------------------

  /** Whether the worker is new. */
  boolean workerReady(
      String worker,
      RolloutWorker.Duty duty,
      int capacity,
      int evalCapacity,
      ActorRef<RolloutWorker.Command> ref) {
    return rollout.join(worker, duty, capacity, evalCapacity, ref, now());
  }

  /** A worker is gone; more than once does no harm. */
  void workerGone(String worker) {
    if (rollout.knows(worker)) {
      workersLost++;
      giveBackGroupsOf(worker);
    }
  }

  /** A worker that leaves in order has handed its groups back; those it never began are parked. */
  void drained(String worker) {
    for (long id : rollout.leave(worker)) {
      if (isEval(id)) {
        evals.round().ifPresent(eval -> eval.giveBack(id));
      } else if (copies(id) > 1) {
        journal.note(new LedgerEvent.CopyLost(id, worker));
      } else {
        journal.note(new LedgerEvent.GroupCut(id, worker, ledger.version()));
      }
    }
  }

  private void giveBackGroupsOf(String worker) {
    List<Long> held = rollout.leave(worker);
    if (!held.isEmpty()) {
      LOG.warn("rollout worker {} is gone, its groups {} are issued again", worker, held);
    }
    for (LedgerEvent event : ledger.lost(worker)) {
      switch (event) {
        case GroupDropped dropped -> drop(dropped);
        default -> journal.note(event); // another worker still has it
      }
    }
    evals.round().ifPresent(eval -> giveBack(held, eval));
    setAsideCondemned();
  }

  private static void giveBack(List<Long> held, EvalRound eval) {
    held.stream()
        .filter(RunFlow::isEval)
        .filter(eval::lost)
        .forEach(id -> LOG.error("eval group {} is given up: workers died under it", id));
  }

  /** A worker is to leave: it hands its groups back; false when it is not here (any more). */
  boolean release(String worker) {
    return rollout.drain(worker);
  }

  /** Whether the worker got anywhere since its last report. */
  boolean report(Orchestrator.WorkerReport report) {
    if (!rollout.isEvaluator(report.worker())) {
      steps.counted(report.worker(), report.counters());
    }
    return rollout.report(report, now());
  }

  void generated(String worker, Group group) {
    long id = group.id();
    Optional<Long> took = rollout.heldNanos(worker, id, now());
    if (!rollout.release(worker, id, now())) {
      LOG.debug("group {} of {} came too late", id, worker);
      return;
    }
    if (!isEval(id)) {
      took.ifPresent(dispatch::took);
      bias.generated(group.responseTokens());
      cancelOthers(id, worker);
      dispatch.forget(id);
      journal.note(
          new LedgerEvent.GroupGenerated(
              id, worker, group.oldestVersion(), group.responseTokens()));
    }
    desk.submit(group, now());
  }

  /** A group came back unfinished; it goes on when a worker has room. */
  void cut(String worker, PartialGroup partial) {
    long id = partial.id();
    if (!rollout.release(worker, id, now())) {
      LOG.debug("group {} of {} was cut too late", id, worker);
    } else if (isEval(id)) {
      evals.round().ifPresent(eval -> eval.giveBack(id));
    } else if (copies(id) > 1) {
      journal.note(new LedgerEvent.CopyLost(id, worker)); // the other copy goes on
    } else {
      dispatch.keep(partial);
      PolicyVersion oldest = partial.oldestVersion().orElse(ledger.version());
      journal.note(new LedgerEvent.GroupCut(id, worker, oldest));
    }
  }

  void generationFailed(String worker, long groupId, String reason) {
    if (rollout.release(worker, groupId, now())) {
      if (!isEval(groupId)) {
        cancelOthers(groupId, worker);
      }
      giveUp(groupId, Drop.ROLLOUT_FAILED, reason);
    }
  }

  private int copies(long groupId) {
    return ledger.state(groupId).map(state -> state.workers().size()).orElse(0);
  }

  /** The first copy of a hedged group counts; the others are called off. */
  private void cancelOthers(long groupId, String worker) {
    List<String> others =
        ledger.state(groupId).map(GroupState::workers).orElse(List.of()).stream()
            .filter(each -> !each.equals(worker))
            .toList();
    rollout.cancel(groupId, others, now());
  }

  // --- facts: rewards
  // ------------------------------------------------------------------------------------------

  void rewardReady(String worker, ActorRef<RewardWorker.Command> ref) {
    desk.join(worker, ref, now());
  }

  void rewardGone(String worker) {
    desk.leave(worker, now());
  }

  void scored(String worker, ScoredGroup scored) {
    if (desk.done(worker, scored.id(), now())) {
      accept(scored);
    } else {
      LOG.debug("rewards of group {} of {} came too late", scored.id(), worker);
    }
  }

  void scoringFailed(String worker, long groupId, String reason) {
    desk.failed(worker, groupId, reason, now());
  }

  private void accept(ScoredGroup scored) {
    long id = scored.id();
    if (isEval(id)) {
      evals.round().ifPresent(eval -> eval.scored(scored));
      return;
    }
    Optional<Drop> refused = live.filter().judge(scored);
    if (refused.isPresent()) {
      giveUp(id, refused.get(), "all rewards are equal");
    } else {
      failuresInRow = 0;
      journal.note(new LedgerEvent.GroupReady(id));
      ready.put(id, scored);
    }
  }

  private void endScoring() {
    for (ScoreDesk.GivenUp given : desk.tick(now())) {
      long id = given.group().id();
      if (given.byDefault().isPresent() && !isEval(id)) {
        LOG.debug("group {} gets the default reward: {}", id, given.reason());
        accept(given.byDefault().get());
      } else {
        giveUp(id, Drop.REWARD_FAILED, given.reason());
      }
    }
  }

  // --- facts: learner, parameter server, recorder
  // ----------------------------------------------------------------

  void learnerProgress() {
    learner.heard(now());
  }

  void learnerStatus(PolicyVersion version, long step) {
    learner.heard(now());
    learner.status(version, step, step == 0);
  }

  /** A step is done; what is due of evaluation and checkpoint comes before the next batch. */
  void trained(StepReport report, WeightUpdate update) {
    Optional<LearnerDesk.Step> step = learner.trained(update, report.step(), now());
    if (step.isEmpty()) {
      LOG.debug("{} of step {} is known already", update.version(), report.step());
      return;
    }
    journal.note(new LedgerEvent.StepTrained(report.step(), update.version()));
    journal.note(new LedgerEvent.VersionPublished(update.version(), update.digest()));
    boolean missed = learner.giveUpCheckpoint();
    checkpointDue = missed || settings.checkpointsAfter(report.step());
    TrainingBatch batch = step.get().batch();
    batch.groups().forEach(group -> bias.trained(group.group().responseTokens()));
    BiasMeter.Comparison lengths = bias.compare(); // once a step: it ranks thousands of groups
    lengths.warning().filter(line -> !line.equals(lastBias)).ifPresent(this::warnOfBias);
    steps.evaluated(evals.takeHeldNanos());
    steps.trained(
        batch, report, ledger.account(), lengths.metrics(), step.get().takenNanos(), now());
    journal.flush();
  }

  void announced(WeightUpdate update) {
    if (!learner.isAnnounced(update.version())) {
      weightsVersions++;
      learner.announced(update.version());
      LOG.debug("{} is announced", update.version());
    }
  }

  /** The parameter server keeps a version for its evaluation. */
  void keptForEval(PolicyVersion version) {
    evals.kept(version);
  }

  /** A checkpoint lies on disk; whether it was waited for. */
  boolean checkpointed(long step) {
    boolean isNew = learner.checkpointed(step, now());
    if (isNew) {
      checkpointedStep = step;
      journal.note(new LedgerEvent.CheckpointWritten(step));
      journal.flush();
    }
    return isNew;
  }

  void written(long entries) {
    journal.written(entries, now());
  }

  void batchWritten(long step) {
    TrainingBatch open = recording;
    if (open != null && open.step() == step) {
      recording = null;
    }
  }

  void synced(long entries) {
    journal.synced(entries, now());
    learner
        .checkpoint()
        .filter(wanted -> journal.isSynced(wanted.journal()))
        .ifPresent(_ -> learner.askForCheckpoint(now()));
  }

  /** Changes a setting; one line that says from when on it holds. */
  String change(LiveSetting change) {
    String before =
        live.changed()
            .getOrDefault(
                change.key(),
                settings.live().configured().getOrDefault(change.key(), "as configured"));
    live = live.with(change);
    PolicyVersion from =
        learner.training().isPresent() ? ledger.version().next() : ledger.version();
    journal.note(
        new LedgerEvent.SettingChanged(change.key(), before, change.value(), from, live.limits()));
    String line =
        change.key() + ": " + before + " -> " + change.value() + ", from version " + from + " on";
    LOG.info("changed {}", line);
    return line;
  }

  // --- what follows
  // --------------------------------------------------------------------------------------------

  /**
   * Does all that has become possible, in the order evaluation, checkpoint, training, new groups.
   */
  void advance() {
    endScoring();
    evaluate();
    if (!evals.restsAll() && !isStopping()) {
      writeCheckpoint();
      if (!journal.isFull()) {
        takeBatch();
        dispatch.admit();
      }
    }
    evals.held(isHeldByEval(), now());
    journal.flush();
  }

  private boolean isHeldByEval() {
    return learner.training().isEmpty()
        && !ledger.isComplete()
        && (evals.holdsTraining(step()) || checkpointDue && evals.holdsCheckpoint(step()));
  }

  /**
   * No batch is trained any more. An evaluation of a version that the last checkpoint will not have
   * is waited for, but no longer than a person has patience.
   */
  void stop() {
    if (stoppedNanos == null) {
      stoppedNanos = now();
    }
  }

  private boolean isStopping() {
    return stoppedNanos != null;
  }

  private Verdict stopping(long since) {
    Optional<EvalRound> lost =
        evals.round().filter(eval -> eval.step() < step() || learner.training().isPresent());
    if (lost.isEmpty()) {
      return new Verdict.Stopped();
    }
    if (now() - since < settings.patience().evalWithin().toNanos()) {
      return new Verdict.GoOn();
    }
    LOG.warn(
        "the evaluation of step {} is given up: the run was stopped, and {} prompts were open",
        lost.get().step(),
        lost.get().remaining());
    return new Verdict.Stopped();
  }

  /** Time has passed: whoever owes an answer is asked again, and slow groups are hedged. */
  void tick() {
    learner.tick(now());
    evals.tick(now());
    dispatch.hedgeSlowGroups();
  }

  /** This process was stopped for a while: what others did not say in that time is forgiven. */
  void stoodStill() {
    rollout.forgive(now());
    learner.heard(now());
  }

  private void warnOfBias(String line) {
    lastBias = line;
    LOG.warn(line);
  }

  /** Whether the run goes on. */
  Verdict verdict() {
    if (stoppedNanos != null) {
      return stopping(stoppedNanos);
    }
    int most =
        Math.max(
            100,
            20
                * live.limits()
                    .groupsPerStep()); // far beyond chance, and soon enough for a broken dataset
    if (failuresInRow > most) {
      return new Verdict.Hopeless(
          failuresInRow + " groups in a row could not be used, the last: " + lastFailure);
    }
    if (ledger.isExhausted()) {
      return new Verdict.Hopeless("all prompts were set aside: " + ledger.setAside());
    }
    boolean done =
        ledger.isComplete()
            && evals.round().isEmpty()
            && evals.evaluatedStep() == step()
            && learner.isAnnounced(ledger.version());
    return done ? new Verdict.Done() : new Verdict.GoOn();
  }

  /** The one under way may have ended, and the next one may have waited for that. */
  private void evaluate() {
    endEval();
    if (learner.training().isEmpty() && !isStopping()) {
      evals.begin(step(), ledger.version(), live.limits().poisonLimit(), now());
    }
    evals.round().ifPresent(dispatch::dispatch);
    endEval();
  }

  private void endEval() {
    evals.end(now()).forEach(record -> peers.recorder().tell(new Recorder.RecordEval(record)));
  }

  /**
   * Asks for a checkpoint of the last completed step, whatever is under way; the journal is forced
   * to disk before, so that no checkpoint is ever ahead of it.
   */
  void writeLastCheckpoint() {
    boolean wanted = learner.checkpoint().filter(state -> state.step() == step()).isPresent();
    if (!wanted && !hasCheckpointOfLastStep()) {
      learner.want(state(), now());
      journal.sync();
    }
  }

  private void writeCheckpoint() {
    if (checkpointDue && evals.holdsCheckpoint(step())) {
      return;
    }
    if (checkpointDue && !ledger.isComplete()) {
      writeLastCheckpoint();
    }
    checkpointDue = false;
  }

  private void takeBatch() {
    boolean held = checkpointDue || evals.holdsTraining(step());
    if (held || learner.training().isPresent() || learner.holdsBatches() || recording != null) {
      return;
    }
    ledger.stale().forEach(this::drop);
    ledger.batch().ifPresent(this::train);
  }

  private void train(BatchTaken taken) {
    journal.note(taken);
    List<TrainingGroup> groups =
        taken.groupIds().stream().map(this::takeReady).map(this::withAdvantages).toList();
    var batch =
        new TrainingBatch(
            taken.step(), taken.policy(), groups, live.limits().maxStaleness(), live.tuning());
    journal.flush();
    if (settings.recordBatches()) {
      recording = batch;
      peers.recorder().tell(new Recorder.RecordBatch(batch, peers.self()));
    }
    learner.train(batch, now());
    ledger.surplus().forEach(this::drop);
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

  // --- ends of groups
  // ------------------------------------------------------------------------------------------

  private void giveUp(long groupId, Drop drop, String reason) {
    if (isEval(groupId)) {
      LOG.warn("an eval prompt has no reward ({}): {}", drop, reason);
      evals.round().ifPresent(eval -> eval.failed(groupId));
      return;
    }
    failuresInRow++;
    lastFailure = "group " + groupId + " was dropped (" + drop + "): " + reason;
    if (drop != Drop.FLAT) {
      LOG.warn(lastFailure);
    }
    drop(new GroupDropped(groupId, drop));
  }

  /** Ends a group, wherever it is, and forgets everything about it. */
  private void drop(GroupDropped dropped) {
    long id = dropped.groupId();
    GroupState state = ledger.state(id).orElseThrow();
    if (state.phase() == Phase.GENERATING || state.phase() == Phase.PARKED) {
      Optional<PartialGroup> partial = dispatch.forget(id);
      if (dropped.reason() != Drop.RESTARTED) {
        partial.ifPresent(had -> bias.abandoned(had.responseTokens()));
      }
    }
    journal.note(dropped);
    rollout.cancel(id, state.workers(), now());
    desk.forget(id, now());
    ready.remove(id);
    setAsideCondemned();
  }

  private void setAsideCondemned() {
    for (PromptSetAside aside : ledger.condemned()) {
      LOG.error(
          "prompt {} is set aside: {}", parts.train().prompt(aside.prompt()).id(), aside.reason());
      journal.note(aside);
    }
  }

  // --- what is known
  // -------------------------------------------------------------------------------------------

  RunLedger ledger() {
    return ledger;
  }

  LiveSettings live() {
    return live;
  }

  RolloutDesk rollout() {
    return rollout;
  }

  ScoreDesk scores() {
    return desk;
  }

  LearnerDesk learner() {
    return learner;
  }

  FlowJournal journal() {
    return journal;
  }

  EvalDesk evals() {
    return evals;
  }

  long startedNanos() {
    return startedNanos;
  }

  /** The batch that the recorder has not confirmed. */
  boolean isRecordingBatch() {
    return recording != null;
  }

  long step() {
    return ledger.completedSteps();
  }

  boolean hasCheckpointOfLastStep() {
    return checkpointedStep == ledger.completedSteps();
  }

  /** The run as it stands, to be written with the weights of its version. */
  RunState state() {
    return new RunState(evals.evaluatedStep(), ledger.snapshot(), journal.entries());
  }

  RunSummary summary(RunSummary.Outcome outcome, double wallSeconds) {
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

  /** The last entry of the journal. */
  void ended(RunSummary.Outcome outcome) {
    journal.note(new LedgerEvent.RunEnded(outcome.name().toLowerCase(java.util.Locale.ROOT)));
    journal.flush();
  }

  /** Groups of evaluations have negative numbers and are in no account. */
  static boolean isEval(long groupId) {
    return groupId < 0;
  }

  private long now() {
    return parts.nanos().getAsLong();
  }
}
