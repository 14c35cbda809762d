package krites.actors;

import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import krites.grpo.flow.Wait;
import krites.grpo.flow.WaitGraph;
import krites.grpo.record.RunStatus;
import krites.grpo.record.RunSummary.Outcome;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees to it that no run hangs in silence: it keeps the time since anything moved, says who waits
 * for whom, and acts on whoever got nowhere for too long.
 *
 * <p>A worker that hangs alone is replaced while the others go on. When nothing at all moves, the
 * chain of waits names the culprit; that one is replaced, or the run stops with the diagnosis, as
 * the {@link Patience} says.
 */
final class StallWatch {
  private static final Logger LOG = LoggerFactory.getLogger(StallWatch.class);

  private static final long STATUS_NANOS =
      TimeUnit.SECONDS.toNanos(1); // often enough for a person who looks

  private final RunSettings settings;
  private final LongSupplier nanos;
  private final Orchestrator.Team team;
  private final Set<String> replaced = new HashSet<>();
  private long movedNanos;
  private long tickedNanos;
  private long toldNanos;
  private long acted; // how often something was done since anything moved
  private String diagnosis = "";

  StallWatch(RunSettings settings, LongSupplier nanos, Orchestrator.Team team) {
    this.settings = settings;
    this.nanos = nanos;
    this.team = team;
    this.movedNanos = nanos.getAsLong();
    this.tickedNanos = movedNanos;
    this.toldNanos = movedNanos - STATUS_NANOS;
  }

  /** Something moved. */
  void moved() {
    movedNanos = nanos.getAsLong();
    acted = 0;
    if (!diagnosis.isEmpty()) {
      LOG.info("the run moves again");
      diagnosis = "";
    }
  }

  /**
   * To be asked at every tick: whether so much time passed since the last one that this process
   * must have been stopped itself (a suspended machine, {@code SIGSTOP}). Such a time says nothing
   * about the others and does not count.
   */
  boolean stoodStill() {
    long now = nanos.getAsLong();
    boolean stood = now - tickedNanos > settings.patience().suspect().toNanos() / 2;
    tickedNanos = now;
    if (stood) {
      movedNanos = now;
    }
    return stood;
  }

  boolean isIdleFor(Duration duration) {
    return nanos.getAsLong() - movedNanos >= duration.toNanos();
  }

  // --- looks
  // ---------------------------------------------------------------------------------------------------

  /** Before the learner is ready: why the run has to end, if it has to. */
  Optional<String> starting() {
    stoodStill();
    if (isIdleFor(settings.patience().suspect()) && diagnosis.isEmpty()) {
      diagnosis = "the learner has not loaded its weights";
      LOG.warn("nothing moved for {} s: {}", idleSeconds(), diagnosis);
    }
    return isIdleFor(settings.patience().stall())
        ? Optional.of(stalled("the learner has not loaded its weights"))
        : Optional.empty();
  }

  /** While the run goes on: acts on whoever hangs; why the run has to end, if it has to. */
  Optional<String> running(RunFlow flow) {
    List<Wait> waits = FlowWaits.of(flow, nanos.getAsLong());
    replaceStuckWorkers(flow);
    Optional<String> hopeless = isIdleFor(settings.patience().suspect()) ? act(waits) : none();
    tell(flow, flow.evals().isHolding() ? "evaluating" : "running", waits);
    return hopeless;
  }

  /** While the last checkpoint is written. */
  Optional<String> closing(RunFlow flow) {
    stoodStill();
    List<Wait> waits = FlowWaits.closing(flow, nanos.getAsLong());
    Optional<String> hopeless =
        isIdleFor(settings.patience().stall()) ? Optional.of(stalled(diagnose(waits))) : none();
    tell(flow, "closing", waits);
    return hopeless;
  }

  /** The run is over. */
  void ended(RunFlow flow, Outcome outcome, String reason) {
    diagnosis = outcome == Outcome.FAILED ? reason : "";
    toldNanos = nanos.getAsLong() - STATUS_NANOS;
    tell(flow, "ended", List.of());
  }

  // --- deeds
  // ---------------------------------------------------------------------------------------------------

  /** A worker that hangs is replaced even while the others go on; its groups are hedged already. */
  private void replaceStuckWorkers(RunFlow flow) {
    if (settings.patience().onStall() != Patience.OnStall.RESTART) {
      return;
    }
    long now = nanos.getAsLong();
    long stall = settings.patience().stall().toNanos();
    for (RolloutDesk.Look look : flow.rollout().stuck(stall, now)) {
      replace(
          look.worker(),
          "it got nowhere for %.1f s with groups %s"
              .formatted(StepRecorder.seconds(now - look.movedNanos()), look.held()));
    }
    for (ScoreDesk.Blocked blocked : flow.scores().blocked(now)) {
      replace(
          blocked.worker(),
          "it has not answered for %.1f s"
              .formatted(StepRecorder.seconds(now - blocked.sinceNanos())));
    }
  }

  private void replace(String role, String why) {
    if (replaced.add(role)) {
      team.supervisor().tell(new RunSupervisor.Restart(role, why));
    }
  }

  private Optional<String> act(List<Wait> waits) {
    String now = diagnose(waits);
    if (diagnosis.isEmpty()) {
      LOG.warn("nothing moved for {} s: {}", "%.1f".formatted(idleSeconds()), now);
    }
    diagnosis = now;
    long patience = settings.patience().stall().toNanos() * (acted + 1);
    if (nanos.getAsLong() - movedNanos < patience) {
      return none();
    }
    Optional<String> culprit =
        new WaitGraph(waits).from(Orchestrator.NAME).map(WaitGraph.Diagnosis::culprit);
    boolean mayRestart =
        settings.patience().onStall() == Patience.OnStall.RESTART
            && acted == 0
            && culprit.filter(RunSupervisor::isRestartable).isPresent();
    if (!mayRestart) {
      return Optional.of(stalled(now));
    }
    acted++;
    replace(culprit.orElseThrow(), now);
    return none();
  }

  private static String diagnose(List<Wait> waits) {
    return new WaitGraph(waits)
        .from(Orchestrator.NAME)
        .map(WaitGraph.Diagnosis::toString)
        .orElse("nobody is asked for anything");
  }

  private String stalled(String waitsFor) {
    return "nothing moved for %.1f s: %s".formatted(idleSeconds(), waitsFor);
  }

  private double idleSeconds() {
    return StepRecorder.seconds(nanos.getAsLong() - movedNanos);
  }

  private static Optional<String> none() {
    return Optional.empty();
  }

  // --- status
  // --------------------------------------------------------------------------------------------------

  private void tell(RunFlow flow, String phase, List<Wait> waits) {
    long now = nanos.getAsLong();
    if (now - toldNanos < STATUS_NANOS) {
      return;
    }
    toldNanos = now;
    Map<String, Double> numbers = new LinkedHashMap<>();
    long evaluators =
        flow.rollout().look().stream()
            .filter(look -> look.duty() == RolloutWorker.Duty.EVALUATION)
            .count();
    numbers.put("rollout_workers", (double) flow.rollout().look().size() - evaluators);
    numbers.put("evaluators", (double) evaluators);
    numbers.put(
        "eval_prompts_open", (double) flow.evals().round().map(EvalRound::remaining).orElse(0));
    numbers.put("groups_ready", (double) flow.ledger().ready());
    numbers.put("groups_scoring", (double) flow.scores().size());
    numbers.put("journal_entries", (double) flow.journal().entries());
    numbers.put("journal_unwritten", (double) flow.journal().unwritten());
    numbers.put("durable_step", (double) flow.ledger().durableStep());
    numbers.put(
        "memory_bound_bytes",
        (double) MemoryBound.of(flow.live().limits(), settings.sampling()).bytes());
    team.recorder()
        .tell(
            new Recorder.RecordStatus(
                new RunStatus(
                    phase,
                    flow.step(),
                    flow.live().limits().steps(),
                    flow.ledger().version(),
                    flow.ledger().account(),
                    flow.live().changed(),
                    waits,
                    flow.ledger().setAside(),
                    idleSeconds(),
                    diagnosis,
                    numbers)));
  }
}
