package krites.grpo.flow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import krites.grpo.Drop;
import krites.grpo.PolicyVersion;
import krites.grpo.flow.FlowSimulation.Bug;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** What holds in thousands of seeded runs, and that the checks would notice if it did not. */
final class FlowPropertyTest {
  private static final int SEEDS = 3_000;

  @Test
  void everyRunEndsWithAllItsPromisesKept() {
    Map<Drop, Integer> met = new EnumMap<>(Drop.class);
    for (long seed = 0; seed < SEEDS; seed++) {
      try {
        for (LedgerEvent event : new FlowSimulation(seed, Bug.NONE).run()) {
          if (event instanceof LedgerEvent.GroupDropped(long id, Drop reason)) {
            met.merge(reason, 1, Integer::sum);
          }
        }
      } catch (AssertionError | RuntimeException broken) {
        fail("seed " + seed + ": " + broken.getMessage(), broken);
      }
    }
    assertEquals(Drop.values().length, met.size(), "every way to lose a group was met: " + met);
  }

  @ParameterizedTest
  @EnumSource(value = Bug.class, mode = Mode.EXCLUDE, names = "NONE")
  void aCarelessDriverIsCaught(Bug bug) {
    int caught = 0;
    for (long seed = 0; seed < 300; seed++) {
      try {
        new FlowSimulation(seed, bug).run();
      } catch (AssertionError | RuntimeException broken) {
        caught++;
      }
    }
    assertTrue(caught >= 20, bug + " was caught in " + caught + " of 300 runs");
  }

  @Test
  void aJournalThatLacksOrRepeatsAnyEventIsRefusedByCheckerAndLedger() {
    for (long seed = 0; seed < 300; seed++) {
      FlowSimulation simulation = new FlowSimulation(seed, Bug.NONE);
      List<LedgerEvent> journal = simulation.run();
      int victim = new Random(seed).nextInt(journal.size());
      List<LedgerEvent> shorter = new ArrayList<>(journal);
      shorter.remove(victim);
      if (isHiddenByRestart(journal, journal.get(victim))) {
        continue;
      }
      List<LedgerEvent> longer = new ArrayList<>(journal);
      longer.add(victim, journal.get(victim));
      for (List<LedgerEvent> broken : List.of(shorter, longer)) {
        String what = "seed " + seed + ", event " + victim + ": " + journal.get(victim);
        assertThrows(AssertionError.class, () -> checked(simulation.limits(), broken), what);
        assertThrows(
            IllegalStateException.class, () -> replayed(simulation.limits(), broken), what);
      }
    }
  }

  @Test
  void aJournalGivesTheStateAgain() {
    for (long seed = 0; seed < 300; seed++) {
      FlowSimulation simulation = new FlowSimulation(seed, Bug.NONE);
      List<LedgerEvent> journal = simulation.run();
      List<LedgerEvent> half = journal.subList(0, journal.size() / 2);
      RunLedger ledger = new RunLedger(simulation.limits(), new PolicyVersion(0, 0));
      half.forEach(ledger::apply);
      RunLedger again = RunLedger.restore(simulation.limits(), ledger.snapshot());
      assertEquals(ledger.snapshot(), again.snapshot());
      assertEquals(ledger.account(), again.account());
    }
  }

  /** A restart drops a group in any state, so how far it had come before leaves no trace. */
  private static boolean isHiddenByRestart(List<LedgerEvent> journal, LedgerEvent event) {
    return switch (event) {
      case LedgerEvent.GroupGenerated(long id, PolicyVersion oldest) ->
          journal.contains(restarted(id));
      case LedgerEvent.GroupReady(long id) -> journal.contains(restarted(id));
      case LedgerEvent.BatchTaken taken -> journal.contains(restarted(taken.groupIds().getFirst()));
      case LedgerEvent.GroupStarted _, LedgerEvent.GroupDropped _, LedgerEvent.StepTrained _ ->
          false;
    };
  }

  private static LedgerEvent restarted(long id) {
    return new LedgerEvent.GroupDropped(id, Drop.RESTARTED);
  }

  private static void checked(FlowLimits limits, List<LedgerEvent> journal) {
    FlowChecker checker = new FlowChecker(limits);
    journal.forEach(checker::check);
    checker.close();
  }

  private static void replayed(FlowLimits limits, List<LedgerEvent> journal) {
    RunLedger ledger = new RunLedger(limits, new PolicyVersion(0, 0));
    journal.forEach(ledger::apply);
    if (!ledger.isComplete() || ledger.account().inFlight() != 0) {
      throw new IllegalStateException("incomplete: " + ledger.account());
    }
  }
}
