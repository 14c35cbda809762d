package krites.actors;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import krites.actors.RolloutWorker.Duty;
import krites.grpo.flow.Wait;

/**
 * Who waits for whom in a run at one moment, from what the flow knows. The times count from the
 * last sign of progress of whoever is waited for.
 */
final class FlowWaits {
  private static final String RECORDER = "recorder";
  private static final String ANY_REWARD = "reward workers";
  private static final int NAMED = 8; // groups that a person can take in at once

  private final RunFlow flow;
  private final long nowNanos;
  private final List<Wait> waits = new ArrayList<>();

  private FlowWaits(RunFlow flow, long nowNanos) {
    this.flow = flow;
    this.nowNanos = nowNanos;
  }

  /** The waits of a run that goes on. */
  static List<Wait> of(RunFlow flow, long nowNanos) {
    FlowWaits here = new FlowWaits(flow, nowNanos);
    here.recorder();
    here.learner();
    here.parameterServer();
    here.evaluation();
    here.groups();
    here.rewards();
    here.workers();
    return List.copyOf(here.waits);
  }

  /** The waits of a run that only waits for its last checkpoint. */
  static List<Wait> closing(RunFlow flow, long nowNanos) {
    FlowWaits here = new FlowWaits(flow, nowNanos);
    here.recorder();
    here.learner();
    return List.copyOf(here.waits);
  }

  private void add(String who, String forWhom, String what, long sinceNanos) {
    waits.add(
        new Wait(who, forWhom, what, StepRecorder.seconds(Math.max(0, nowNanos - sinceNanos))));
  }

  private void recorder() {
    FlowJournal journal = flow.journal();
    if (journal.isFull()) {
      add(
          Orchestrator.NAME,
          RECORDER,
          journal.unwritten() + " journal entries to be written",
          journal.writtenAtNanos());
    }
    flow.learner()
        .checkpoint()
        .filter(_ -> flow.learner().holdsBatches())
        .ifPresent(
            state ->
                add(
                    Orchestrator.NAME,
                    RECORDER,
                    "the journal to be safe before the checkpoint of step " + state.step(),
                    flow.learner().checkpointNanos()));
    if (flow.isRecordingBatch() && flow.learner().training().isEmpty()) {
      add(
          Orchestrator.NAME,
          RECORDER,
          "the batch of step " + flow.step() + " to be recorded",
          journal.writtenAtNanos());
    }
  }

  private void learner() {
    LearnerDesk desk = flow.learner();
    desk.training()
        .ifPresent(
            step ->
                add(
                    Orchestrator.NAME,
                    RunSupervisor.LEARNER,
                    "step " + step.batch().step(),
                    Math.max(step.takenNanos(), desk.heardNanos())));
    desk.checkpoint()
        .filter(_ -> !desk.holdsBatches())
        .ifPresent(
            state ->
                add(
                    Orchestrator.NAME,
                    RunSupervisor.LEARNER,
                    "the checkpoint of step " + state.step(),
                    Math.max(desk.checkpointNanos(), desk.heardNanos())));
  }

  private void parameterServer() {
    LearnerDesk desk = flow.learner();
    if (!desk.isAnnounced(desk.published().version()) && desk.training().isEmpty()) {
      add(
          Orchestrator.NAME,
          RunSupervisor.PARAMETER_SERVER,
          "the announcement of " + desk.published().version(),
          desk.publishedNanos());
    }
  }

  private void evaluation() {
    EvalDesk evals = flow.evals();
    if (evals.isWaitingToBeKept() && flow.learner().training().isEmpty()) {
      add(
          Orchestrator.NAME,
          RunSupervisor.PARAMETER_SERVER,
          "weights to be kept for their evaluation",
          evals.startedNanos());
    }
    boolean nobody =
        flow.rollout().look().stream().noneMatch(look -> look.duty() == Duty.EVALUATION);
    if (evals.isBeside() && evals.round().isPresent() && nobody) {
      add(Orchestrator.NAME, "evaluators", "one that is ready", evals.startedNanos());
    }
  }

  /** An evaluation waits for those who make it, training for those who roll out. */
  private boolean isWantedOf(Duty duty) {
    EvalDesk evals = flow.evals();
    boolean evaluates = evals.round().isPresent();
    boolean awaited = flow.learner().training().isEmpty() && !evals.isHolding();
    return switch (duty) {
      case EVALUATION -> evaluates;
      case TRAINING ->
          flow.ledger().isComplete() ? evaluates : awaited || evaluates && !evals.isBeside();
    };
  }

  private void groups() {
    List<RolloutDesk.Look> looks =
        flow.rollout().look().stream().filter(look -> isWantedOf(look.duty())).toList();
    looks.stream()
        .filter(look -> !look.held().isEmpty() || look.owesSign())
        .forEach(
            look ->
                add(
                    Orchestrator.NAME,
                    look.worker(),
                    look.held().isEmpty() ? "a sign of life" : groups(look.held()),
                    look.movedNanos()));
    boolean nothingUnderWay =
        looks.stream().allMatch(look -> look.held().isEmpty()) && flow.scores().size() == 0;
    if (nothingUnderWay && looks.isEmpty() && isWantedOf(Duty.TRAINING)) {
      add(Orchestrator.NAME, "rollout workers", "one that is ready", flow.startedNanos());
    }
  }

  private static String groups(List<Long> ids) {
    return ids.size() <= NAMED
        ? "groups " + ids
        : ids.size() + " groups from " + ids.getFirst() + " on";
  }

  private void rewards() {
    Map<String, List<ScoreDesk.ScoreWait>> byWorker = new LinkedHashMap<>();
    for (ScoreDesk.ScoreWait wait : flow.scores().waits(nowNanos)) {
      String worker = wait.worker().isEmpty() ? ANY_REWARD : wait.worker();
      byWorker.computeIfAbsent(worker, name -> new ArrayList<>()).add(wait);
    }
    boolean queued = byWorker.containsKey(ANY_REWARD);
    byWorker.forEach(
        (worker, held) -> {
          String what =
              "rewards of " + groups(held.stream().map(ScoreDesk.ScoreWait::groupId).toList());
          long since =
              held.stream().mapToLong(ScoreDesk.ScoreWait::sinceNanos).min().orElse(nowNanos);
          add(Orchestrator.NAME, worker, what, since);
          if (queued && !worker.equals(ANY_REWARD)) {
            add(ANY_REWARD, worker, what, since); // the queue waits for those that are busy
          }
        });
  }

  private String wanted(Duty duty) {
    return duty == Duty.TRAINING
        ? ", the policy is " + flow.ledger().version()
        : flow.evals().round().map(eval -> ", evaluated is " + eval.version()).orElse("");
  }

  private void workers() {
    for (RolloutDesk.Look look : flow.rollout().look()) {
      WorkerWait said = look.waitsFor();
      boolean outdated = said == WorkerWait.WORK && (!look.held().isEmpty() || look.owesSign());
      switch (outdated ? WorkerWait.ENGINE : said) {
        case WORK -> add(look.worker(), Orchestrator.NAME, "a group", look.movedNanos());
        case ENGINE -> add(look.worker(), look.worker(), "its engine", look.movedNanos());
        case WEIGHTS ->
            add(
                look.worker(),
                RunSupervisor.PARAMETER_SERVER,
                "weights newer than "
                    + look.active().map(Object::toString).orElse("none")
                    + wanted(look.duty()),
                look.movedNanos());
      }
    }
  }
}
