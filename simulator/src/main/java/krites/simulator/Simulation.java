package krites.simulator;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import krites.actors.EvalSet;
import krites.actors.KritesRun;
import krites.actors.RunOutcome;
import krites.actors.RunParts;
import krites.actors.RunSettings;
import krites.grpo.Task;
import krites.grpo.flow.Continuation;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.flow.RunLedger;
import krites.grpo.flow.RunState;
import krites.grpo.record.RunSummary;

/**
 * One simulated run, from its start to its end or to the first promise that it breaks.
 *
 * <p>The actors, the ledger and every decision are those of a real run; devices, disk and network
 * are modelled, and the clock is virtual. The same plan gives the same simulation, message by
 * message. When the process is killed it is started again from its newest checkpoint, as a person
 * would do with {@code --resume}; the journal goes on where it ended.
 */
public final class Simulation {
  private final SimulationPlan plan;
  private final Machine machine;
  private final Referee referee = new Referee();
  private final Tokens tokens = new Tokens();
  private final ModelledWeights weights;
  private final ModelledCheckpoints checkpoints;
  private final ModelledInbox inbox;
  private final WatchedRecorder recorder;
  private final Moments kills;
  private final RunSettings settings;
  private final JournalChecker checker = new JournalChecker();
  private ModelledTrainer.Saved inWeights = ModelledTrainer.Saved.NOTHING;
  private Optional<ModelledTrainer> trainer = Optional.empty();
  private Optional<RunOutcome> outcome = Optional.empty();
  private int restarts;

  Simulation(SimulationPlan plan) {
    this.plan = plan;
    this.settings = plan.settings().apply(Optional.empty());
    DeviceModel devices = plan.devices();
    this.machine =
        new Machine(
            plan.seed(), plan.faults(), devices.network(), devices.cores(), plan.listener());
    Disk disk = new Disk(machine);
    this.weights = new ModelledWeights(machine, devices.learner().verifySeconds());
    this.checkpoints = new ModelledCheckpoints(machine, disk, devices.files().checkpointSeconds());
    this.inbox = new ModelledInbox(machine, plan.changes());
    this.recorder =
        new WatchedRecorder(machine, disk, devices.files().recordSeconds(), checker, referee);
    this.kills =
        new Moments(
            Draws.seed(plan.seed(), FaultKind.RUN_CRASH.word()),
            plan.faults().rate(FaultKind.RUN_CRASH));
  }

  /** Simulates a run. */
  public static SimulationReport run(SimulationPlan plan) {
    return new Simulation(plan).run();
  }

  SimulationReport run() {
    return machine.loop().own(this::runToTheEnd);
  }

  private SimulationReport runToTheEnd() {
    EventLoop loop = machine.loop();
    long horizon = EventLoop.nanos(plan.horizonSeconds());
    long kill = kills.firstAfter(0);
    begin(Optional.empty());
    while (outcome.isEmpty() && referee.first().isEmpty()) {
      long next = loop.next();
      if (kill <= next && kill < EventLoop.NEVER) {
        restartAfterKill(kill);
        kill = kills.firstAfter(loop.nanos());
      } else if (next > horizon) {
        referee.broken(Promise.ENDS, loop.seconds(), notEnded(next));
      } else {
        loop.step();
      }
    }
    outcome.ifPresent(this::closeAccount);
    return report();
  }

  /** What was checked, event by event. */
  JournalChecker checker() {
    return checker;
  }

  private String notEnded(long next) {
    return next >= EventLoop.NEVER
        ? "nothing is left to happen, and the run has not ended"
        : "the run has not ended after " + plan.horizonSeconds() / 3600 + " hours";
  }

  // --- processes

  /**
   * Where a run goes on.
   *
   * @param state the newest checkpoint, or the beginning, with the journal since then
   * @param trainer what the weights were trained on, under a term that nobody had before
   */
  private record GoingOn(Continuation state, ModelledTrainer.Saved trainer) {}

  private void begin(Optional<GoingOn> from) {
    RunSettings going = changed(plan.settings().apply(from.map(GoingOn::state)));
    RunParts parts = parts(from);
    machine.open(
        overrides ->
            KritesRun.open(going, parts, overrides, decided -> outcome = Optional.of(decided)));
  }

  /** With what was changed since the run began. */
  private RunSettings changed(RunSettings configured) {
    return new RunSettings(
        configured.limits(),
        configured.sampling(),
        configured.evalMaxNewTokens(),
        configured.advantage(),
        configured.filter(),
        configured.workers(),
        configured.asynchrony(),
        configured.rewards(),
        configured.evalEverySteps(),
        configured.checkpointEverySteps(),
        configured.runSeed(),
        configured.samplesPerStep(),
        configured.recordBatches(),
        new RunSettings.Live(configured.live().configured(), inbox.accepted()),
        configured.patience(),
        configured.start());
  }

  private RunParts parts(Optional<GoingOn> from) {
    DeviceModel devices = plan.devices();
    var size =
        new ModelledEngine.Size(plan.slots(), settings.sampling().groupSize(), plan.chunkTokens());
    return new RunParts(
        _ -> new ModelledEngine(machine, devices, size, weights, tokens),
        _ -> new ModelledEngine(machine, devices, size, weights, tokens),
        () -> makeTrainer(from.map(GoingOn::trainer)),
        new ModelledReward(machine, devices.reward()),
        new ModelledPrompts("train", plan.prompts(), Task.CRITIC),
        evalSets(),
        recorder,
        checkpoints,
        weights,
        Optional.of(this::recover),
        inbox,
        () -> machine.loop().nanos());
  }

  private Map<String, EvalSet> evalSets() {
    Map<String, EvalSet> sets = new LinkedHashMap<>();
    plan.evalItems()
        .forEach(
            (name, items) -> {
              if (items > 0) {
                sets.put(name, new EvalSet(new ModelledPrompts(name, items, Task.CRITIC), items));
              }
            });
    return sets;
  }

  private ModelledTrainer makeTrainer(Optional<ModelledTrainer.Saved> from) {
    var made =
        new ModelledTrainer(
            machine,
            plan.devices().learner(),
            plan.microBatchTokens(),
            weights,
            referee,
            from.orElse(ModelledTrainer.Saved.NOTHING));
    trainer = Optional.of(made);
    return made;
  }

  /** The learner died: the run goes back to its newest checkpoint inside of the same process. */
  private Optional<RunParts.Recovery> recover() {
    return goingOn(FaultKind.LEARNER_CRASH)
        .map(
            from ->
                new RunParts.Recovery(
                    from.state(), () -> makeTrainer(Optional.of(from.trainer()))));
  }

  private void restartAfterKill(long kill) {
    EventLoop loop = machine.loop();
    machine.kill();
    loop.skipTo(kill);
    long down = EventLoop.nanos(plan.faults().seconds(FaultKind.RUN_CRASH));
    machine.struck(FaultKind.RUN_CRASH, down, "the whole process");
    weights.clear();
    checkpoints.killed(kill);
    restarts++;
    Optional<GoingOn> from = goingOn(FaultKind.RUN_CRASH);
    loop.skipTo(kill + down);
    begin(from);
  }

  /**
   * As a resume reads it from disk: the newest checkpoint and the journal since; the start model
   * when there is no checkpoint. What was done since is done again, and that is what a fault costs.
   *
   * @return empty when the journal has not begun
   */
  private Optional<GoingOn> goingOn(FaultKind after) {
    List<LedgerEvent> journal = checker.journal();
    if (journal.isEmpty() || !(journal.getFirst() instanceof LedgerEvent.RunStarted started)) {
      return Optional.empty();
    }
    long now = machine.loop().nanos();
    Optional<ModelledCheckpoints.Saved> saved = checkpoints.newest(now);
    machine.meter().cost(after, now - saved.map(ModelledCheckpoints.Saved::nanos).orElse(0L));
    RunState state =
        saved
            .map(ModelledCheckpoints.Saved::state)
            .orElseGet(() -> new RunState(-1, RunLedger.of(started).snapshot(), 1));
    var continuation =
        new Continuation(state, journal.subList((int) state.journal(), journal.size()));
    long term = continuation.ledger().version().term() + 1;
    ModelledTrainer.Saved weightsThen =
        saved
            .map(ModelledCheckpoints.Saved::trainer)
            .orElse(ModelledTrainer.Saved.NOTHING)
            .under(term);
    return Optional.of(new GoingOn(continuation, weightsThen));
  }

  // --- the end

  private void closeAccount(RunOutcome ended) {
    if (ended instanceof RunOutcome.Completed(RunSummary summary, Optional<String> checkpoint)) {
      inWeights = trainer.map(ModelledTrainer::saved).orElse(inWeights);
      try {
        checker.close(summary.account(), summary.steps(), inWeights.trained());
      } catch (JournalChecker.Broken broken) {
        referee.broken(
            broken.promise(), machine.loop().seconds(), String.valueOf(broken.getMessage()));
      }
    }
  }

  private SimulationReport report() {
    double seconds = machine.loop().seconds();
    return new SimulationReport(
        plan.seed(),
        referee.first().isPresent()
            ? SimulationReport.Outcome.UNFINISHED
            : outcome.map(Simulation::outcome).orElse(SimulationReport.Outcome.UNFINISHED),
        outcome.map(Simulation::reason).orElse(""),
        referee.first(),
        seconds,
        checker.steps(),
        seconds > 0 ? 60 * checker.steps() / seconds : 0,
        recorder.trainingStepsPerMinute(),
        seconds > 0 ? recorder.responseTokens() / seconds : 0,
        recorder.groupSeconds(),
        utilisation(seconds),
        checker.ages(),
        checker.issued(),
        checker.trained(),
        checker.inFlight(),
        checker.dropped(),
        faultCosts(),
        recorder.means(),
        restarts,
        machine.trace().messages(),
        machine.loop().handled(),
        machine.trace().digest());
  }

  private static SimulationReport.Outcome outcome(RunOutcome ended) {
    return switch (ended) {
      case RunOutcome.Completed _ -> SimulationReport.Outcome.COMPLETED;
      case RunOutcome.Stopped _ -> SimulationReport.Outcome.STOPPED;
      case RunOutcome.Failed _ -> SimulationReport.Outcome.FAILED;
    };
  }

  private static String reason(RunOutcome ended) {
    return ended instanceof RunOutcome.Failed(String reason, var cause, var summary) ? reason : "";
  }

  private Map<String, Double> utilisation(double seconds) {
    Map<String, Double> shares = new LinkedHashMap<>();
    for (Node.Role role : Node.Role.values()) {
      int nodes =
          switch (role) {
            case ROLLOUT -> settings.workers().rollout();
            case EVALUATOR -> settings.workers().evaluators();
            case REWARD -> settings.workers().reward();
            case LEARNER, MAIN -> 1;
          };
      if (nodes == 0) {
        continue;
      }
      double busy = EventLoop.seconds(machine.meter().busyNanos(role));
      shares.put(role.name().toLowerCase(Locale.ROOT), seconds > 0 ? busy / (nodes * seconds) : 0);
    }
    return shares;
  }

  private List<SimulationReport.FaultCost> faultCosts() {
    return machine.meter().strikes().entrySet().stream()
        .map(
            entry ->
                new SimulationReport.FaultCost(
                    entry.getKey(),
                    entry.getValue(),
                    EventLoop.seconds(machine.meter().lostNanos(entry.getKey()))))
        .toList();
  }
}
