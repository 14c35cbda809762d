package krites.grpo.flow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.grpo.Drop;
import krites.grpo.PolicyVersion;
import krites.grpo.flow.LedgerEvent.BatchTaken;
import krites.grpo.flow.LedgerEvent.GroupDropped;
import krites.grpo.flow.LedgerEvent.GroupGenerated;
import krites.grpo.flow.LedgerEvent.GroupReady;
import krites.grpo.flow.LedgerEvent.StepTrained;
import org.junit.jupiter.api.Test;

final class RunLedgerTest {
  private static final PolicyVersion V0 = new PolicyVersion(0, 0);
  private static final PolicyVersion V1 = V0.next();
  private static final PolicyVersion V2 = V1.next();

  private RunLedger ledger = new RunLedger(new FlowLimits(3, 2, 0), V0);

  @Test
  void aSynchronousRunStartsOneBatchAndWaitsForItsStep() {
    ready(V0);
    ready(V0);
    assertFalse(ledger.mayStart());
    take();
    assertFalse(ledger.mayStart());
    ledger.apply(new StepTrained(1, V1));
    assertTrue(ledger.mayStart());
  }

  @Test
  void anAsynchronousRunStartsOneBatchAheadForEachVersionOfStaleness() {
    ledger = new RunLedger(new FlowLimits(9, 2, 2), V0);
    int started = 0;
    while (ledger.mayStart()) {
      start();
      started++;
    }
    assertEquals(6, started);
  }

  @Test
  void neverMoreGroupsAreStartedThanTheRemainingStepsNeed() {
    ledger = new RunLedger(new FlowLimits(1, 2, 5), V0);
    ready(V0);
    ready(V0);
    assertFalse(ledger.mayStart());
    take();
    ledger.apply(new StepTrained(1, V1));
    assertFalse(ledger.mayStart());
    assertTrue(ledger.isComplete());
    assertEquals(Optional.empty(), ledger.batch());
  }

  @Test
  void aBatchHasTheOldestGroupsFirstWhateverTheOrderInWhichTheyBecameReady() {
    ledger = new RunLedger(new FlowLimits(3, 2, 1), V0);
    long first = start();
    long second = start();
    long third = start();
    for (long id : List.of(third, second, first)) {
      ledger.apply(new GroupGenerated(id, V0));
      ledger.apply(new GroupReady(id));
    }
    assertEquals(List.of(first, second), ledger.batch().orElseThrow().groupIds());
  }

  @Test
  void staleGroupIsDroppedWhenTheBatchIsTaken() {
    ledger = new RunLedger(new FlowLimits(5, 1, 1), V0);
    long straggler = start();
    for (PolicyVersion version = V0; !version.equals(V2); version = version.next()) {
      ready(version);
      take();
      ledger.apply(new StepTrained(version.number() + 1, version.next()));
    }
    ledger.apply(new GroupGenerated(straggler, V0));
    ledger.apply(new GroupReady(straggler));
    assertEquals(Optional.empty(), ledger.batch());
    assertEquals(List.of(new GroupDropped(straggler, Drop.STALE)), ledger.stale());
    var forced = new BatchTaken(3, V2, List.of(straggler));
    assertEquals(
        "group 1 is 2 versions old in step 3, the limit is 1",
        assertThrows(IllegalStateException.class, () -> ledger.apply(forced)).getMessage());
    ledger.stale().forEach(ledger::apply);
    assertEquals(new Account(3, 2, Map.of(Drop.STALE, 1L), 0), ledger.account());
  }

  @Test
  void aLostWorkerLosesWhatItGeneratesAndNothingElse() {
    ready(V0);
    long lost = start();
    assertEquals(List.of(new GroupDropped(lost, Drop.WORKER_LOST)), ledger.lost("worker"));
    assertEquals(List.of(), ledger.lost("another"));
  }

  @Test
  void everyWayToEndAGroupTwiceIsRefused() {
    long id = start();
    ledger.apply(new GroupGenerated(id, V0));
    assertThrows(IllegalStateException.class, () -> ledger.apply(new GroupGenerated(id, V0)));
    assertThrows(
        IllegalStateException.class, () -> ledger.apply(new GroupDropped(id, Drop.WORKER_LOST)));
    assertThrows(IllegalStateException.class, () -> ledger.apply(new GroupDropped(id, Drop.STALE)));
    ledger.apply(new GroupDropped(id, Drop.REWARD_FAILED));
    assertThrows(
        IllegalStateException.class, () -> ledger.apply(new GroupDropped(id, Drop.REWARD_FAILED)));
    assertThrows(IllegalStateException.class, () -> ledger.apply(new GroupReady(id)));
    assertEquals(new Account(1, 0, Map.of(Drop.REWARD_FAILED, 1L), 0), ledger.account());
  }

  @Test
  void aStepThatSkipsAVersionIsRefused() {
    ready(V0);
    ready(V0);
    take();
    assertThrows(IllegalStateException.class, () -> ledger.apply(new StepTrained(1, V2)));
    assertThrows(IllegalStateException.class, () -> ledger.apply(new StepTrained(2, V1)));
    ledger.apply(new StepTrained(1, V1));
    assertThrows(IllegalStateException.class, () -> ledger.apply(new StepTrained(2, V2)));
  }

  @Test
  void afterARestartWhatWasInFlightIsDroppedAndTheAccountStillCloses() {
    ready(V0);
    long id = start();
    RunLedger again = RunLedger.restore(new FlowLimits(3, 2, 0), ledger.snapshot());
    assertEquals(2, again.account().inFlight());
    again.restarted().forEach(again::apply);
    assertEquals(new Account(2, 0, Map.of(Drop.RESTARTED, 2L), 0), again.account());
    assertEquals(id + 1, again.start(new PromptTicket(9, 0), "worker").groupId());
  }

  @Test
  void aLearnerOfAnotherTermTakesOverTheSameVersionOnly() {
    LedgerSnapshot snapshot = ledger.snapshot();
    assertEquals(new PolicyVersion(2, 0), snapshot.under(new PolicyVersion(2, 0)).version());
    assertThrows(IllegalArgumentException.class, () -> snapshot.under(V1));
  }

  @Test
  void anAccountThatDoesNotCloseCannotBeMade() {
    var refused =
        assertThrows(
            IllegalArgumentException.class, () -> new Account(5, 2, Map.of(Drop.FLAT, 1L), 1));
    assertEquals(
        "the account does not close: issued 5, trained 2, dropped 1 {FLAT=1}, in flight 1",
        refused.getMessage());
  }

  private long start() {
    LedgerEvent.GroupStarted event =
        ledger.start(new PromptTicket(ledger.account().issued(), 0), "worker");
    ledger.apply(event);
    return event.groupId();
  }

  private void ready(PolicyVersion oldest) {
    long id = start();
    ledger.apply(new GroupGenerated(id, oldest));
    ledger.apply(new GroupReady(id));
  }

  private void take() {
    ledger.apply(ledger.batch().orElseThrow());
  }
}
