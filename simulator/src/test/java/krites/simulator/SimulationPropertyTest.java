package krites.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Runs of many shapes under many faults: each keeps all promises and ends as it should. */
final class SimulationPropertyTest {
  private static final int SEEDS = 500;

  /** What the actors have to survive; each seed takes some of these, at a rate of its own. */
  private static final List<String> TROUBLES =
      List.of(
          "rollout-crash=2/min:2s",
          "reward-crash=2/min:2s",
          "run-crash=1/min:3s",
          "pause=2/min:2s",
          "partition=2/min:3s",
          "slow-disk=2/min:2s",
          "reward-error=0.1",
          "reward-block=0.02:10s",
          "prompt-error=0.1");

  /**
   * What is to be survived too, once messages may be lost and a silent worker is noticed; switched
   * on with {@code -Dkrites.simulator.hard=true}.
   */
  private static final List<String> HARD =
      List.of(
          "message-loss=0.02",
          "message-duplicate=0.05",
          "message-delay=0.05:2s",
          "rollout-hang=0.2/min",
          "poison=0.02");

  @Test
  void everyPromiseIsKeptAndEveryRunEnds() {
    List<String> troubles = new ArrayList<>(TROUBLES);
    if (Boolean.getBoolean("krites.simulator.hard")) {
      troubles.addAll(HARD);
    }
    List<SimulationReport> reports =
        LongStream.range(0, SEEDS)
            .parallel()
            .mapToObj(seed -> run(plans(seed, troubles), seed))
            .toList();

    EnumMap<FaultKind, Long> strikes = new EnumMap<>(FaultKind.class);
    for (SimulationReport report : reports) {
      report.faults().forEach(fault -> strikes.merge(fault.kind(), fault.strikes(), Long::sum));
    }
    for (String trouble : troubles) {
      FaultKind kind = FaultPlan.parse(trouble).faults().keySet().iterator().next();
      assertTrue(strikes.getOrDefault(kind, 0L) > 20, kind + " hardly ever strikes: " + strikes);
    }
  }

  private static SimulationReport run(Plans plans, long seed) {
    SimulationReport report = plans.run(seed);
    String which = "seed " + seed + " with faults " + plans.faults + ": " + report;
    assertEquals(Optional.empty(), report.broken(), which);
    assertEquals(SimulationReport.Outcome.COMPLETED, report.outcome(), which);
    assertEquals((long) plans.steps * plans.groupsPerStep, report.trained(), which);
    return report;
  }

  /** A run whose shape and faults follow from the seed. */
  private static Plans plans(long seed, List<String> troubles) {
    Plans plans = new Plans();
    plans.steps = number(seed, "steps", 2, 8);
    plans.groupsPerStep = number(seed, "groups", 1, 5);
    plans.maxStaleness = number(seed, "staleness", 0, 3);
    plans.rolloutWorkers = number(seed, "rollout", 1, 5);
    plans.rewardWorkers = number(seed, "reward", 1, 3);
    plans.slots = number(seed, "slots", 1, 3);
    plans.checkpointEvery = number(seed, "checkpoint", 1, 3);
    plans.evalEvery = number(seed, "eval", 0, 3);
    plans.evalItems = Map.of("critic", number(seed, "items", 1, 6));
    plans.faults =
        troubles.stream()
            .filter(trouble -> number(seed, trouble, 0, 2) == 0)
            .collect(Collectors.joining(","));
    return plans;
  }

  private static int number(long seed, String name, int least, int most) {
    return least + (int) (Draws.uniform(Draws.seed(seed, name)) * (most - least + 1));
  }
}
