package krites.app.chaos;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import krites.app.config.ChaosPlan;
import krites.app.config.ChaosPlan.Fault;
import krites.grpo.flow.Seeds;

/**
 * The faults of a plan in their order. Nothing but the plan goes in: the same plan hits the same
 * processes in the same order at the same offsets.
 */
final class Schedule {
  private static final long MILLIS = 1_000;

  private Schedule() {}

  private record Hit(Fault fault, String group) {}

  /** All faults of a plan, the first one first. */
  static List<PlannedFault> of(ChaosPlan plan) {
    SplittableRandom random = new SplittableRandom(Seeds.ofName(plan.seed(), "faults"));
    ChaosPlan.Times times = plan.times();
    Map<String, Integer> turns = new HashMap<>();
    List<PlannedFault> faults = new ArrayList<>();
    long offset = times.quietSeconds() * MILLIS;
    for (Hit hit : shuffled(plan, random)) {
      int processes = plan.group(hit.group()).count();
      int turn = turns.computeIfAbsent(hit.group(), _ -> random.nextInt(processes));
      turns.put(hit.group(), turn + 1);
      Fault fault = hit.fault();
      int seconds = fault.lasts() ? random.nextInt(fault.secondsMin(), fault.secondsMax() + 1) : 0;
      faults.add(
          new PlannedFault(
              faults.size() + 1,
              offset,
              fault.kind(),
              hit.group(),
              turn % processes + 1,
              seconds,
              fault.delayMillis()));
      offset +=
          random.nextLong(
              times.intervalSecondsMin() * MILLIS, times.intervalSecondsMax() * MILLIS + 1);
    }
    return List.copyOf(faults);
  }

  private static List<Hit> shuffled(ChaosPlan plan, SplittableRandom random) {
    List<Hit> hits = new ArrayList<>();
    for (Fault fault : plan.faults()) {
      for (String group : fault.groups()) {
        hits.addAll(Collections.nCopies(fault.count(), new Hit(fault, group)));
      }
    }
    for (int left = hits.size(); left > 1; left--) {
      Collections.swap(hits, left - 1, random.nextInt(left));
    }
    return hits;
  }
}
