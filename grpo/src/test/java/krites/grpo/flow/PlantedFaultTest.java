package krites.grpo.flow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import krites.grpo.PolicyVersion;
import krites.grpo.flow.FlowSimulation.Bug;
import krites.grpo.flow.LedgerEvent.BatchTaken;
import krites.grpo.flow.LedgerEvent.CheckpointWritten;
import krites.grpo.flow.LedgerEvent.CopyLost;
import krites.grpo.flow.LedgerEvent.GroupCut;
import krites.grpo.flow.LedgerEvent.GroupDispatched;
import krites.grpo.flow.LedgerEvent.GroupDropped;
import krites.grpo.flow.LedgerEvent.GroupGenerated;
import krites.grpo.flow.LedgerEvent.GroupReady;
import krites.grpo.flow.LedgerEvent.GroupStarted;
import krites.grpo.flow.LedgerEvent.PromptSetAside;
import krites.grpo.flow.LedgerEvent.RunEnded;
import krites.grpo.flow.LedgerEvent.RunResumed;
import krites.grpo.flow.LedgerEvent.RunStarted;
import krites.grpo.flow.LedgerEvent.SettingChanged;
import krites.grpo.flow.LedgerEvent.StepTrained;
import krites.grpo.flow.LedgerEvent.VersionPublished;
import krites.grpo.flow.PlantedFaults.Fault;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every check of the checker bites, and the ledger refuses what the checker refuses. */
final class PlantedFaultTest {
  private static final int PLANTS = 10; // of each fault
  private static final int SEEDS = 2_000; // in which a place for them has to be found

  /** What the ledger leaves to whoever drives it: an order, and things that never happen. */
  private static final Set<Promise> BEYOND_THE_LEDGER =
      EnumSet.of(
          Promise.RETURNED_FIRST,
          Promise.SET_ASIDE_IN_TIME,
          Promise.CLOSES,
          Promise.COMPLETE,
          Promise.AGREES);

  @ParameterizedTest
  @MethodSource("faults")
  void aPlantedFaultIsNamedByTheCheckerAndRefusedByTheLedger(Fault fault) {
    int planted = 0;
    for (long seed = 0; planted < PLANTS; seed++) {
      assertTrue(seed < SEEDS, fault + " was planted only " + planted + " times");
      FlowSimulation simulation = new FlowSimulation(seed, Bug.NONE);
      List<LedgerEvent> journal = simulation.run();
      Optional<List<LedgerEvent>> broken = plant(fault, journal, new Random(seed));
      if (broken.isEmpty()) {
        continue;
      }
      planted++;
      String what = "seed " + seed + ": " + fault;
      assertEquals(
          fault.promise(),
          assertThrows(Promise.Broken.class, () -> audit(simulation, journal, broken.get()), what)
              .promise(),
          what);
      if (!BEYOND_THE_LEDGER.contains(fault.promise())) {
        assertThrows(
            IllegalStateException.class, () -> FlowSimulation.replayed(broken.get()), what);
      }
    }
  }

  @Test
  void everyPromiseHasAFaultThatBreaksIt() {
    Set<Promise> broken =
        faults().stream()
            .map(Fault::promise)
            .collect(Collectors.toCollection(() -> EnumSet.noneOf(Promise.class)));
    assertEquals(EnumSet.allOf(Promise.class), broken);
  }

  @Test
  void aJournalThatLacksOrRepeatsAnEventIsNotTheSameRun() {
    for (long seed = 0; seed < 1_000; seed++) {
      FlowSimulation simulation = new FlowSimulation(seed, Bug.NONE);
      List<LedgerEvent> journal = simulation.run();
      int victim = new Random(seed).nextInt(journal.size());
      if (isHarmless(journal.subList(victim, journal.size()))) {
        continue;
      }
      List<LedgerEvent> shorter = new ArrayList<>(journal);
      shorter.remove(victim);
      List<LedgerEvent> longer = new ArrayList<>(journal);
      longer.add(victim, journal.get(victim));
      for (List<LedgerEvent> broken : List.of(shorter, longer)) {
        String what = "seed " + seed + ", event " + victim + ": " + journal.get(victim);
        assertThrows(Promise.Broken.class, () -> audit(simulation, journal, broken), what);
      }
    }
  }

  /**
   * An event that changes nothing when it is repeated, or whose loss a later end of the group
   * hides: the numbers and checksums of the file see those.
   */
  private static boolean isHarmless(List<LedgerEvent> from) {
    return switch (from.getFirst()) {
      case VersionPublished _, CheckpointWritten _, SettingChanged _, RunEnded _ -> true;
      case GroupGenerated(long id, String _, PolicyVersion _, int _) -> isDroppedLater(from, id);
      case GroupReady(long id) -> isDroppedLater(from, id);
      case GroupCut(long id, String _, PolicyVersion _) -> true;
      case GroupDispatched(long id, String _) -> true;
      case CopyLost(long id, String _) -> true;
      case BatchTaken taken -> isDroppedLater(from, taken.groupIds().getFirst());
      case RunResumed _ -> from.stream().skip(1).anyMatch(RunResumed.class::isInstance);
      case RunStarted _, GroupStarted _, GroupDropped _, PromptSetAside _, StepTrained _ -> false;
    };
  }

  private static boolean isDroppedLater(List<LedgerEvent> from, long id) {
    return from.stream()
        .anyMatch(event -> event instanceof GroupDropped drop && drop.groupId() == id);
  }

  @Test
  void aLedgerThatSaysSomethingElseThanItsJournalIsCaught() {
    FlowSimulation simulation = new FlowSimulation(3, Bug.NONE);
    List<LedgerEvent> journal = simulation.run();
    FlowChecker checker =
        FlowChecker.after(journal, FlowSimulation.promptsOf(simulation.started()));
    LedgerSnapshot sound = FlowSimulation.replayed(journal).snapshot();
    checker.compare(sound);
    Map<String, LedgerSnapshot> tampered = PlantedFaults.tampered(sound);
    tampered.forEach(
        (what, snapshot) ->
            assertEquals(
                Promise.AGREES,
                assertThrows(Promise.Broken.class, () -> checker.compare(snapshot), what)
                    .promise()));
    assertThrows(
        Promise.Broken.class,
        () -> checker.compare(FlowSimulation.replayed(journal.subList(0, journal.size() / 2))));
  }

  @Test
  void anEventThatIsRefusedChangesNothingAndOneThatIsTakenKeepsEveryPromise() {
    int refused = 0;
    int taken = 0;
    for (long seed = 0; seed < 400; seed++) {
      FlowSimulation simulation = new FlowSimulation(seed, Bug.NONE);
      List<LedgerEvent> journal = simulation.run();
      Random random = new Random(seed);
      int cut = 1 + random.nextInt(journal.size() - 1);
      List<LedgerEvent> half = journal.subList(0, cut);
      RunLedger ledger = FlowSimulation.replayed(half);
      LedgerSnapshot before = ledger.snapshot();
      for (int i = 0; i < 20; i++) {
        // a fact from any time, of this run or of another one
        LedgerEvent stray = journal.get(random.nextInt(journal.size()));
        try {
          ledger.apply(stray);
          taken++;
        } catch (IllegalStateException expected) {
          refused++;
          assertEquals(before, ledger.snapshot(), "seed " + seed + ": " + stray);
          continue;
        }
        check(simulation, half, stray, seed);
        ledger = FlowSimulation.replayed(half);
      }
    }
    assertTrue(refused > 1_000 && taken > 300, refused + " refused, " + taken + " taken");
  }

  private static void check(
      FlowSimulation simulation, List<LedgerEvent> half, LedgerEvent stray, long seed) {
    FlowChecker checker = FlowChecker.after(half, FlowSimulation.promptsOf(simulation.started()));
    try {
      checker.check(stray);
    } catch (Promise.Broken broken) {
      if (!BEYOND_THE_LEDGER.contains(broken.promise())) {
        fail("seed " + seed + ": only the checker refuses " + stray, broken);
      }
    }
  }

  static List<Fault> faults() {
    return PlantedFaults.all();
  }

  /** Plants a fault at a random place of those where it can be planted. */
  private static Optional<List<LedgerEvent>> plant(
      Fault fault, List<LedgerEvent> journal, Random random) {
    RunLedger ledger = FlowSimulation.replayed(journal.subList(0, 1));
    List<List<LedgerEvent>> broken = new ArrayList<>();
    for (int i = 1; i < journal.size(); i++) {
      LedgerEvent event = journal.get(i);
      Optional<List<LedgerEvent>> instead = fault.planter().instead(event, ledger);
      if (instead.isPresent()) {
        List<LedgerEvent> other = new ArrayList<>(journal.subList(0, i));
        other.addAll(instead.get());
        other.addAll(journal.subList(i + 1, journal.size()));
        broken.add(other);
      }
      ledger.apply(event);
    }
    return broken.isEmpty()
        ? Optional.empty()
        : Optional.of(broken.get(random.nextInt(broken.size())));
  }

  /** What an auditor does: every event, then the end, then the comparison with the true ledger. */
  private static void audit(
      FlowSimulation simulation, List<LedgerEvent> truth, List<LedgerEvent> broken) {
    FlowChecker checker = FlowChecker.after(broken, FlowSimulation.promptsOf(simulation.started()));
    RunLedger ledger = FlowSimulation.replayed(truth);
    if (ledger.isComplete()) {
      checker.close();
    }
    checker.compare(ledger.snapshot());
  }
}
