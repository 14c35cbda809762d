package krites.grpo.flow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import krites.grpo.Drop;
import krites.grpo.flow.FlowSimulation.Bug;
import krites.grpo.flow.LedgerEvent.GroupDropped;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/**
 * What holds in thousands of seeded runs, and that mistakes would be noticed.
 *
 * <p>{@code -Dkrites.flow.seeds=N} runs more of them, {@code -Dkrites.flow.seed=S} only one.
 */
final class FlowPropertyTest {
  private static final int SEEDS = Integer.getInteger("krites.flow.seeds", 10_000);
  private static final long ONLY = Long.getLong("krites.flow.seed", -1);

  @Test
  void everyRunKeepsItsPromisesAfterEveryEvent() {
    Map<Drop, Long> drops = new EnumMap<>(Drop.class);
    Map<Class<?>, Integer> events = new HashMap<>();
    int complete = 0;
    for (long seed = Math.max(0, ONLY); seed < (ONLY < 0 ? SEEDS : ONLY + 1); seed++) {
      FlowSimulation simulation = new FlowSimulation(seed, Bug.NONE);
      try {
        Account account = FlowSimulation.replayed(simulation.run()).account();
        drops.merge(Drop.UNDONE, account.dropped().getOrDefault(Drop.UNDONE, 0L), Long::sum);
        complete += simulation.isComplete() ? 1 : 0;
      } catch (AssertionError | RuntimeException broken) {
        fail("seed " + seed + " (-Dkrites.flow.seed=" + seed + "): " + broken.getMessage(), broken);
      }
      for (LedgerEvent event : simulation.ever()) {
        events.merge(event.getClass(), 1, Integer::sum);
        if (event instanceof GroupDropped(long _, Drop reason)) {
          drops.merge(reason, 1L, Long::sum);
        }
      }
    }
    if (ONLY < 0) {
      assertTrue(
          drops.size() == Drop.values().length && !drops.containsValue(0L),
          () -> "every way to lose a group was met: " + drops);
      assertTrue(complete > SEEDS / 2, complete + " runs did not run out of prompts");
      assertEquals(
          LedgerEvent.class.getPermittedSubclasses().length - 1,
          events.size(),
          "every kind of event after the start was met: " + events);
    }
  }

  @ParameterizedTest
  @EnumSource(value = Bug.class, mode = Mode.EXCLUDE, names = "NONE")
  void aMistakeInADecisionIsCaught(Bug bug) {
    int caught = 0;
    for (long seed = 0; seed < 150; seed++) {
      try {
        new FlowSimulation(seed, bug).run();
      } catch (Promise.Broken broken) {
        caught++;
      } catch (AssertionError stalled) {
        assertTrue(
            bug == Bug.LOST_WORKER_FORGOTTEN && stalled.getMessage().contains("stalls"),
            stalled::toString);
        caught++;
      }
    }
    assertTrue(caught >= 10, bug + " was caught in " + caught + " of 150 runs");
  }
}
