package krites.app.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.typesafe.config.ConfigFactory;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import krites.app.config.ChaosPlan;
import krites.app.config.ChaosPlan.Kind;
import org.junit.jupiter.api.Test;

final class ScheduleTest {
  private static ChaosPlan plan(long seed) {
    return new ChaosPlan(
        "storm",
        seed,
        new ChaosPlan.Job(List.of("smoke"), List.of()),
        ConfigFactory.empty(),
        new ChaosPlan.Times(5, 20, 40, 5, 0, 0, 60),
        320,
        0,
        List.of(
            new ChaosPlan.Group("lead", 2, List.of("orchestrator")),
            new ChaosPlan.Group("work", 3, List.of("rollout"))),
        List.of(
            new ChaosPlan.Fault(Kind.KILL, List.of("lead", "work"), 3, 5, 30, 1),
            new ChaosPlan.Fault(Kind.PAUSE, List.of("work"), 2, 12, 14, 1)));
  }

  @Test
  void theSamePlanHitsTheSameProcessesInTheSameOrderAtTheSameOffsets() {
    for (long seed = 0; seed < 50; seed++) {
      assertEquals(Schedule.of(plan(seed)), Schedule.of(plan(seed)), "seed " + seed);
    }
    assertNotEquals(Schedule.of(plan(1)), Schedule.of(plan(2)));
  }

  @Test
  void everyFaultComesAsOftenAsThePlanSays() {
    for (long seed = 0; seed < 50; seed++) {
      Map<String, Long> counts =
          Schedule.of(plan(seed)).stream()
              .collect(
                  Collectors.groupingBy(
                      fault -> fault.kind() + " " + fault.group(),
                      TreeMap::new,
                      Collectors.counting()));
      assertEquals(
          Map.of("KILL lead", 3L, "KILL work", 3L, "PAUSE work", 2L), counts, "seed " + seed);
    }
  }

  @Test
  void timesAreWithinTheirLimitsAndProcessesOfAGroupTakeTurns() {
    for (long seed = 0; seed < 50; seed++) {
      List<PlannedFault> faults = Schedule.of(plan(seed));
      assertEquals(5_000, faults.getFirst().offsetMillis());
      for (int i = 1; i < faults.size(); i++) {
        long interval = faults.get(i).offsetMillis() - faults.get(i - 1).offsetMillis();
        assertTrue(interval >= 20_000 && interval <= 40_000, "seed " + seed + ": " + interval);
      }
      for (PlannedFault fault : faults) {
        boolean lasts = fault.kind() == Kind.PAUSE;
        assertTrue(
            lasts ? fault.seconds() >= 12 && fault.seconds() <= 14 : fault.seconds() == 0,
            "seed " + seed + ": " + fault);
      }
      assertEquals(
          3,
          faults.stream()
              .filter(fault -> fault.group().equals("work"))
              .limit(3)
              .map(PlannedFault::member)
              .distinct()
              .count(),
          "seed " + seed);
    }
  }
}
