package krites.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import krites.grpo.Drop;
import krites.grpo.flow.LiveSetting;
import krites.grpo.flow.WeightUpdateMode;
import org.junit.jupiter.api.Test;

/** Runs of many shapes under many faults: each keeps all promises and ends as it should. */
final class SimulationPropertyTest {
  private static final int SEEDS = 500;

  /** What the actors have to survive; each seed takes some of these. */
  private static final List<String> TROUBLES =
      List.of(
          "rollout-crash=2/min:2s",
          "reward-crash=2/min:2s",
          "learner-crash=1/min:2s",
          "run-crash=1/min:3s",
          "rollout-hang=0.6/min",
          "pause=2/min:2s",
          "partition=2/min:3s",
          "slow-disk=2/min:2s",
          "message-loss=0.02",
          "message-duplicate=0.05",
          "message-delay=0.05:2s",
          "reward-error=0.1",
          "reward-block=0.02:30s",
          "poison=0.02",
          "prompt-error=0.1",
          "checkpoint-error=0.05");

  @Test
  void everyPromiseIsKeptAndEveryRunEnds() {
    List<SimulationReport> reports =
        LongStream.range(0, SEEDS).parallel().mapToObj(SimulationPropertyTest::run).toList();

    EnumMap<FaultKind, Long> strikes = new EnumMap<>(FaultKind.class);
    EnumMap<Drop, Long> dropped = new EnumMap<>(Drop.class);
    for (SimulationReport report : reports) {
      report.faults().forEach(fault -> strikes.merge(fault.kind(), fault.strikes(), Long::sum));
      report.dropped().forEach((why, count) -> dropped.merge(why, count, Long::sum));
    }
    for (FaultKind kind : FaultKind.values()) {
      assertTrue(strikes.getOrDefault(kind, 0L) > 10, kind + " hardly ever strikes: " + strikes);
    }
    for (Drop why : Drop.values()) {
      boolean possible = why != Drop.FLAT; // its filter is off
      assertTrue(!possible || dropped.getOrDefault(why, 0L) > 10, why + " is rare: " + dropped);
    }
    long completed =
        reports.stream()
            .filter(report -> report.outcome() == SimulationReport.Outcome.COMPLETED)
            .count();
    assertTrue(completed > 0.95 * SEEDS, "only " + completed + " runs are completed");
  }

  private static SimulationReport run(long seed) {
    Plans plans = plans(seed);
    SimulationReport report = plans.run(seed);
    String which = "seed " + seed + " with faults " + plans.faults + ": " + report;
    assertEquals(Optional.empty(), report.broken(), which);
    if (report.outcome() == SimulationReport.Outcome.COMPLETED) {
      assertEquals((long) plans.steps * plans.groupsPerStep, report.trained(), which);
    } else {
      assertEquals(SimulationReport.Outcome.FAILED, report.outcome(), which);
      assertTrue(isExplained(plans.faults, report.reason()), which);
    }
    return report;
  }

  /** The two ways in which a run may fail: both before its first step, and both say so. */
  private static boolean isExplained(String faults, String reason) {
    boolean learnerDiedFirst =
        (faults.contains("learner-crash") || faults.contains("checkpoint-error"))
            && reason.endsWith("there is no checkpoint to go back to");
    boolean everyWorkerHungWhileLoading =
        faults.contains("rollout-hang")
            && (reason.contains("one that is ready from rollout workers")
                || reason.contains("one that is ready from evaluators"));
    return learnerDiedFirst || everyWorkerHungWhileLoading;
  }

  /** A run whose shape and faults follow from the seed. */
  static Plans plans(long seed) {
    Plans plans = new Plans();
    plans.steps = number(seed, "steps", 2, 5);
    plans.groupsPerStep = number(seed, "groups", 1, 5);
    plans.maxStaleness = number(seed, "staleness", 0, 3);
    plans.overIssue = number(seed, "over-issue", 0, 2);
    plans.rolloutWorkers = number(seed, "rollout", 1, 5);
    plans.rewardWorkers = number(seed, "reward", 1, 3);
    plans.slots = number(seed, "slots", 1, 3);
    plans.checkpointEvery = number(seed, "checkpoint", 1, 3);
    plans.evalEvery = number(seed, "eval", 0, 3);
    plans.evaluators = number(seed, "evaluators", 0, 2);
    plans.evalItems = Map.of("critic", number(seed, "items", 1, 6));
    plans.weightUpdate = WeightUpdateMode.values()[number(seed, "mode", 0, 2)];
    plans.partialTokens = 16 * number(seed, "partial", 0, 2);
    plans.hedgeFactor = 1.5 * number(seed, "hedge", 0, 2);
    plans.stallAfter = Duration.ofSeconds(45L * number(seed, "stall", 1, 3));
    plans.rewardDeadline = Duration.ofSeconds(2L * number(seed, "deadline", 1, 4));
    plans.changes = changes(seed);
    plans.faults =
        TROUBLES.stream()
            .filter(trouble -> number(seed, trouble, 0, 2) == 0)
            .collect(Collectors.joining(","));
    return plans;
  }

  private static List<SimulationPlan.Change> changes(long seed) {
    List<SimulationPlan.Change> changes = new ArrayList<>();
    for (int i = number(seed, "changes", -2, 2); i > 0; i--) {
      LiveSetting setting =
          number(seed, "kind " + i, 0, 1) == 0
              ? new LiveSetting.MaxStaleness(number(seed, "new staleness " + i, 0, 3))
              : new LiveSetting.RolloutWorkers(number(seed, "new workers " + i, 1, 5));
      changes.add(new SimulationPlan.Change(number(seed, "when " + i, 1, 25), setting));
    }
    changes.sort(Comparator.comparingDouble(SimulationPlan.Change::seconds));
    return changes;
  }

  private static int number(long seed, String name, int least, int most) {
    return least + (int) Math.floor(Draws.uniform(Draws.seed(seed, name)) * (most - least + 1));
  }
}
