package krites.grpo.flow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.grpo.Drop;
import krites.grpo.PolicyVersion;
import krites.grpo.flow.GroupState.Phase;
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
import krites.grpo.flow.LedgerEvent.RunResumed;
import krites.grpo.flow.LedgerEvent.RunStarted;
import krites.grpo.flow.LedgerEvent.SettingChanged;
import krites.grpo.flow.LedgerEvent.StepTrained;
import krites.grpo.flow.LedgerEvent.VersionPublished;
import org.junit.jupiter.api.Test;

final class RunLedgerTest {
  private static final PolicyVersion V0 = new PolicyVersion(0, 0);
  private static final PolicyVersion V1 = V0.next();
  private static final PolicyVersion V2 = V1.next();
  private static final long PROMPTS = 50;

  private RunLedger ledger = ledger(FlowLimits.of(3, 2, 0));

  // --- admission
  // -----------------------------------------------------------------------------------------------

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
  void anAsynchronousRunStartsOneBatchAheadForEachVersionOfStalenessAndTheOverIssue() {
    assertEquals(6, admitted(FlowLimits.of(9, 2, 2)));
    assertEquals(9, admitted(new FlowLimits(9, 2, 2, 3, 20, 3)));
  }

  @Test
  void neverMoreGroupsAreStartedThanTheRemainingStepsNeed() {
    assertEquals(2, admitted(FlowLimits.of(1, 2, 5)));
    assertEquals(0, admitted(FlowLimits.of(0, 2, 5)));
  }

  @Test
  void aGroupBeyondTheLimitIsRefused() {
    start();
    start();
    assertRefused(
        "group 3 starts although 2 are in flight after step 0, and the limit is 2",
        ledger.start(ledger.due(), "worker"));
  }

  @Test
  void lockStepWithOverIssueDropsTheRestAndStartsNothingUntilTheStepIsDone() {
    ledger = ledger(new FlowLimits(3, 2, 0, 2, 20, 3));
    ready(V0);
    ready(V0);
    long slow = start();
    long slower = start();
    assertEquals(List.of(), ledger.surplus());
    take();
    assertEquals(
        List.of(new GroupDropped(slow, Drop.SURPLUS), new GroupDropped(slower, Drop.SURPLUS)),
        ledger.surplus());
    ledger.surplus().forEach(ledger::apply);
    assertEquals(List.of(), ledger.surplus());
    assertFalse(ledger.mayStart()); // it would be surplus at once, again and again
    ledger.apply(new StepTrained(1, V1));
    assertTrue(ledger.mayStart());
    assertEquals(new PromptTicket(2, 1), ledger.due());
  }

  @Test
  void theLastStepNeedsNothingBeyondItsBatch() {
    ledger = ledger(new FlowLimits(1, 1, 3, 1, 20, 3));
    ready(V0);
    long rest = start();
    take();
    assertEquals(List.of(new GroupDropped(rest, Drop.SURPLUS)), ledger.surplus());
    ledger.surplus().forEach(ledger::apply);
    assertFalse(ledger.mayStart());
  }

  // --- batches
  // -------------------------------------------------------------------------------------------------

  @Test
  void aBatchHasTheOldestGroupsFirstWhateverTheOrderInWhichTheyBecameReady() {
    ledger = ledger(FlowLimits.of(3, 2, 1));
    long first = start();
    long second = start();
    long third = start();
    List.of(third, second, first).forEach(id -> finish(id, V0));
    assertEquals(List.of(first, second), ledger.batch().orElseThrow().groupIds());
  }

  @Test
  void staleGroupIsDroppedWhenTheBatchIsTaken() {
    ledger = ledger(FlowLimits.of(5, 1, 1));
    long straggler = start();
    for (PolicyVersion version = V0; !version.equals(V2); version = version.next()) {
      ready(version);
      take();
      ledger.apply(new StepTrained(version.number() + 1, version.next()));
    }
    finish(straggler, V0);
    assertEquals(Optional.empty(), ledger.batch());
    assertEquals(List.of(new GroupDropped(straggler, Drop.STALE)), ledger.stale());
    assertRefused(
        "group 1 is 2 versions old in step 3, the limit is 1",
        new BatchTaken(3, V2, List.of(straggler)));
    ledger.stale().forEach(ledger::apply);
    assertEquals(new Account(3, 2, Map.of(Drop.STALE, 1L), 0), ledger.account());
  }

  @Test
  void aFreshGroupCannotBeDroppedAsStale() {
    long id = ready(V0);
    assertRefused(new GroupDropped(id, Drop.STALE));
  }

  @Test
  void loweringTheStalenessMakesStaleWhatWasNotAndTheNextBatchKeepsTheNewLimit() {
    ledger = ledger(FlowLimits.of(9, 1, 4));
    long old = start();
    ready(V0);
    take();
    ledger.apply(new StepTrained(1, V1));
    finish(old, V0);
    assertEquals(List.of(), ledger.stale());
    ledger.apply(changed(V1, FlowLimits.of(9, 1, 0)));
    assertEquals(List.of(new GroupDropped(old, Drop.STALE)), ledger.stale());
    assertRefused(new BatchTaken(2, V1, List.of(old)));
  }

  @Test
  void loweringTheStalenessToLockStepMakesAllBesideTheBatchSurplus() {
    ledger = ledger(FlowLimits.of(9, 1, 2));
    ready(V0);
    long second = start();
    long third = start();
    take();
    assertEquals(List.of(), ledger.surplus());
    ledger.apply(changed(V1, FlowLimits.of(9, 1, 0)));
    assertEquals(
        List.of(new GroupDropped(second, Drop.SURPLUS), new GroupDropped(third, Drop.SURPLUS)),
        ledger.surplus());
  }

  @Test
  void aChangeHoldsFromTheNextBatchOn() {
    FlowLimits other = FlowLimits.of(3, 2, 4);
    assertRefused(
        "async.max-staleness changes from v1 on, the next batch is of v0", changed(V1, other));
    ready(V0);
    ready(V0);
    take();
    assertRefused(changed(V0, other));
    ledger.apply(changed(V1, other));
    assertEquals(other, ledger.limits());
    assertRefused(changed(V1, FlowLimits.of(3, 3, 4)));
  }

  @Test
  void aStepThatSkipsAVersionIsRefused() {
    ready(V0);
    ready(V0);
    take();
    assertRefused(new StepTrained(1, V2));
    assertRefused(new StepTrained(2, V1));
    ledger.apply(new StepTrained(1, V1));
    assertRefused(new StepTrained(2, V2));
    assertRefused(new VersionPublished(V0, "digest"));
    ledger.apply(new VersionPublished(V1, "digest"));
  }

  @Test
  void aStepOfAHalfBatchIsRefused() {
    long id = ready(V0);
    ready(V0);
    take();
    ledger.apply(new GroupDropped(id, Drop.RESTARTED));
    assertRefused(
        "step 1 was trained, but no whole batch was taken for it", new StepTrained(1, V1));
  }

  @Test
  void tokensOfAVersionThatNobodyMadeYetAreRefused() {
    long id = start();
    assertRefused(
        "group 1 has tokens of v1, the policy is v0", new GroupGenerated(id, "worker", V1, 1));
    ledger = ledger(FlowLimits.of(9, 1, 1));
    ready(V0);
    long during = start();
    take();
    ledger.apply(new GroupGenerated(during, "worker", V1, 1)); // the step may just be done
  }

  // --- workers
  // -------------------------------------------------------------------------------------------------

  @Test
  void aLostWorkerLosesWhatItGeneratesAndNothingElse() {
    ready(V0);
    long lost = start();
    assertEquals(List.of(new GroupDropped(lost, Drop.WORKER_LOST)), ledger.lost("worker"));
    assertEquals(List.of(), ledger.lost("another"));
  }

  @Test
  void aHedgedGroupLosesACopyAndTheFirstResultCounts() {
    long id = start();
    assertTrue(ledger.mayHedge(id, "second"));
    ledger.apply(new GroupDispatched(id, "second"));
    assertFalse(ledger.mayHedge(id, "third"));
    assertEquals(List.of(new CopyLost(id, "worker")), ledger.lost("worker"));
    ledger.lost("worker").forEach(ledger::apply);
    assertRefused(new GroupGenerated(id, "worker", V0, 1));
    ledger.apply(new GroupGenerated(id, "second", V0, 1));
    assertTrue(ledger.isIn(Phase.SCORING, id));
    assertFalse(ledger.mayHedge(id, "third"));
  }

  @Test
  void aCutGroupGoesOnElsewhereAndStaysAsOldAsItsOldestToken() {
    ledger = ledger(FlowLimits.of(9, 1, 1));
    long id = start();
    ready(V0);
    take();
    ledger.apply(new GroupCut(id, "worker", V0));
    assertEquals(Optional.of(id), ledger.parked());
    ledger.apply(new StepTrained(1, V1));
    ledger.apply(new GroupDispatched(id, "another"));
    assertEquals(Optional.empty(), ledger.parked());
    ledger.apply(new GroupGenerated(id, "another", V1, 9));
    assertEquals(V0, ledger.state(id).orElseThrow().oldest());
  }

  // --- prompts
  // -------------------------------------------------------------------------------------------------

  @Test
  void aPromptWhoseGroupFailedForAReasonOfOursIsIssuedAgainAndNoOther() {
    ledger = ledger(FlowLimits.of(9, 4, 0));
    List<Drop> reasons = List.of(Drop.WORKER_LOST, Drop.ROLLOUT_FAILED, Drop.RESTARTED);
    List<Long> ids = List.of(start(), start(), start());
    for (int i = 0; i < 3; i++) {
      ledger.apply(new GroupDropped(ids.get(i), reasons.get(i)));
    }
    assertEquals(
        List.of(new PromptTicket(0, 1), new PromptTicket(2, 0)),
        ledger.snapshot().cursor().returned());
  }

  @Test
  void aPromptThatKillsItsWorkersRunsAloneAndIsThenSetAside() {
    PromptTicket ticket = ledger.due();
    loseWorker(ledger.due());
    loseWorker(ledger.due());
    PromptTicket suspect = new PromptTicket(0, 2);
    assertEquals(Optional.of(suspect), ledger.suspect());
    assertEquals(new PromptTicket(1, 0), ledger.due());
    long id = startWith(suspect);
    assertFalse(ledger.mayHedge(id, "second"));
    ledger.apply(new GroupDropped(id, Drop.WORKER_LOST));
    long prompt = ledger.prompt(ticket);
    var aside = new PromptSetAside(suspect.again(), prompt, "3 workers died under it");
    assertEquals(List.of(aside), ledger.condemned());
    assertRefused(ledger.start(suspect.again(), "worker"));
    ledger.apply(aside);
    assertEquals(List.of(), ledger.condemned());
    assertEquals(Map.of(prompt, "3 workers died under it"), ledger.setAside());
    assertEquals(Optional.empty(), ledger.suspect());
  }

  @Test
  void aPromptThatCameBackTooOftenIsSetAside() {
    ledger = ledger(new FlowLimits(9, 1, 0, 0, 2, 9));
    loseWorker(ledger.due());
    loseWorker(ledger.due());
    assertEquals(List.of(), ledger.condemned());
    loseWorker(ledger.due());
    assertEquals("it was issued 3 times in vain", ledger.condemned().getFirst().reason());
  }

  @Test
  void aPromptThatWasSetAsideIsPassedOverInEveryLaterEpoch() {
    ledger =
        RunLedger.of(new RunStarted(1, 2, PromptMix.NONE, new FlowLimits(99, 1, 9, 0, 20, 1), V0));
    long prompt = ledger.prompt(ledger.due());
    loseWorker(ledger.due());
    ledger.condemned().forEach(ledger::apply);
    for (int i = 0; i < 5; i++) {
      Optional<PromptSetAside> skip = ledger.skip(ledger.due());
      if (skip.isPresent()) {
        assertEquals(prompt, skip.get().prompt());
        assertRefused(ledger.start(ledger.due(), "worker"));
        ledger.apply(skip.get());
      } else {
        start();
      }
    }
    assertEquals(6, ledger.snapshot().cursor().position());
    assertEquals(4, ledger.account().issued());
  }

  @Test
  void aRunWithoutPromptsLeftStartsNothing() {
    ledger =
        RunLedger.of(new RunStarted(1, 1, PromptMix.NONE, new FlowLimits(9, 1, 9, 0, 20, 1), V0));
    loseWorker(ledger.due());
    ledger.condemned().forEach(ledger::apply);
    assertTrue(ledger.isExhausted());
    assertFalse(ledger.mayStart());
  }

  @Test
  void aPromptToBeSetAsideSurvivesACrashInBetween() {
    ledger = ledger(new FlowLimits(9, 1, 0, 0, 20, 1));
    loseWorker(ledger.due());
    RunLedger again = RunLedger.restore(ledger.snapshot());
    assertEquals(1, again.condemned().size());
    assertEquals(ledger.condemned(), again.condemned());
    again.condemned().forEach(again::apply);
    assertEquals(1, again.setAside().size());
  }

  @Test
  void aLargerBudgetPardonsWhatCameBack() {
    ledger = ledger(new FlowLimits(9, 1, 0, 0, 20, 1));
    loseWorker(ledger.due());
    ledger.apply(changed(V0, new FlowLimits(9, 1, 0, 0, 20, 2)));
    assertEquals(List.of(), ledger.condemned());
    assertEquals(Optional.of(new PromptTicket(0, 1)), ledger.suspect());
    ledger.apply(changed(V0, new FlowLimits(9, 1, 0, 0, 20, 3)));
    assertEquals(new PromptTicket(0, 1), ledger.due());
  }

  @Test
  void nothingIsSetAsideForNothing() {
    PromptTicket ticket = ledger.due();
    assertRefused(new PromptSetAside(ticket, ledger.prompt(ticket), "for nothing"));
    assertRefused(new PromptSetAside(ticket, ledger.prompt(ticket) + 1, "for nothing"));
  }

  // --- ends
  // ----------------------------------------------------------------------------------------------------

  @Test
  void everyWayToEndAGroupTwiceIsRefused() {
    long id = start();
    ledger.apply(new GroupGenerated(id, "worker", V0, 1));
    assertRefused(new GroupGenerated(id, "worker", V0, 1));
    assertRefused(new GroupDropped(id, Drop.WORKER_LOST));
    assertRefused(new GroupDropped(id, Drop.STALE));
    assertRefused(new GroupDropped(id, Drop.UNDONE));
    ledger.apply(new GroupDropped(id, Drop.REWARD_FAILED));
    assertRefused("group 1 is not in flight", new GroupDropped(id, Drop.REWARD_FAILED));
    assertRefused(new GroupReady(id));
    assertEquals(new Account(1, 0, Map.of(Drop.REWARD_FAILED, 1L), 0), ledger.account());
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

  // --- going on
  // ------------------------------------------------------------------------------------------------

  @Test
  void aRunGoesOnFromACheckpointAndUndoesTheLostStepsOnly() {
    ledger = ledger(FlowLimits.of(9, 1, 0));
    trainSteps(1);
    var state = new RunState(-1, ledger.snapshot(), 0);
    List<LedgerEvent> since = trainSteps(2);
    GroupStarted flying = ledger.start(ledger.due(), "worker");
    ledger.apply(flying);
    since = new ArrayList<>(since);
    since.add(flying);
    ledger = new Continuation(state, since).ledger();
    PolicyVersion takenOver = new PolicyVersion(1, 1);
    assertRefused(new RunResumed(1, takenOver, ledger.limits())); // something is in flight
    ledger.restarted().forEach(ledger::apply);
    assertRefused(new RunResumed(1, new PolicyVersion(0, 1), ledger.limits()));
    assertRefused(new RunResumed(1, new PolicyVersion(1, 2), ledger.limits()));
    assertRefused(new RunResumed(0, new PolicyVersion(1, 0), ledger.limits()));
    assertRefused(new RunResumed(4, new PolicyVersion(1, 4), ledger.limits()));
    ledger.apply(new RunResumed(1, takenOver, ledger.limits()));
    assertEquals(
        new Account(4, 1, Map.of(Drop.UNDONE, 2L, Drop.RESTARTED, 1L), 0), ledger.account());
    assertEquals(
        List.of(new PromptTicket(1, 0), new PromptTicket(2, 0), new PromptTicket(3, 0)),
        ledger.snapshot().cursor().returned());
    assertEquals(1, ledger.completedSteps());
    assertEquals(1, ledger.durableStep());
    assertEquals(takenOver, ledger.version());
  }

  @Test
  void theJournalCanUndoTheStepsAfterTheSecondNewestCheckpoint() {
    ledger = ledger(FlowLimits.of(9, 1, 0));
    for (long step = 1; step <= 3; step++) {
      trainSteps(1);
      ledger.apply(new CheckpointWritten(step));
    }
    assertRefused(
        "the run goes on from step 1, but the journal can only undo steps after 2 and has 3",
        new RunResumed(1, new PolicyVersion(1, 1), ledger.limits()));
    ledger.apply(new RunResumed(2, new PolicyVersion(1, 2), ledger.limits()));
  }

  @Test
  void aCheckpointOfAStepToComeOrOlderThanTheLastIsRefused() {
    ledger = ledger(FlowLimits.of(9, 1, 0));
    assertRefused(new CheckpointWritten(1));
    trainSteps(2);
    ledger.apply(new CheckpointWritten(2));
    assertRefused(new CheckpointWritten(1));
    assertEquals(2, ledger.durableStep());
  }

  @Test
  void aSnapshotIsTheSameAfterARoundTripAndIsWrittenInOrder() {
    ledger = ledger(new FlowLimits(9, 2, 3, 2, 20, 1));
    for (int i = 0; i < 3; i++) {
      loseWorker(ledger.due());
      ledger.condemned().forEach(ledger::apply);
    }
    ready(V0);
    ledger.apply(new GroupCut(start(), "worker", V0));
    start();
    LedgerSnapshot snapshot = ledger.snapshot();
    assertEquals(snapshot, RunLedger.restore(snapshot).snapshot());
    List<Long> keys = List.copyOf(snapshot.setAside().keySet());
    assertEquals(keys.stream().sorted().toList(), keys);
  }

  @Test
  void anImpossibleSnapshotOrLimitIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> FlowLimits.of(-1, 1, 0));
    assertThrows(IllegalArgumentException.class, () -> FlowLimits.of(1, 0, 0));
    assertThrows(IllegalArgumentException.class, () -> FlowLimits.of(1, 1, -1));
    assertThrows(IllegalArgumentException.class, () -> new FlowLimits(1, 1, 0, -1, 1, 1));
    assertThrows(IllegalArgumentException.class, () -> new FlowLimits(1, 1, 0, 0, 0, 1));
    assertThrows(IllegalArgumentException.class, () -> new FlowLimits(1, 1, 0, 0, 1, 0));
    assertThrows(
        IllegalArgumentException.class, () -> new GroupState(Phase.READY, List.of("worker"), V0));
    assertThrows(
        IllegalArgumentException.class, () -> new GroupState(Phase.GENERATING, List.of(), V0));
    assertThrows(IllegalArgumentException.class, () -> new RunState(0, ledger.snapshot(), -1));
  }

  // --- helpers
  // -------------------------------------------------------------------------------------------------

  private static RunLedger ledger(FlowLimits limits) {
    return RunLedger.of(new RunStarted(1, PROMPTS, PromptMix.NONE, limits, V0));
  }

  private static int admitted(FlowLimits limits) {
    RunLedger ledger = ledger(limits);
    int started = 0;
    for (; ledger.mayStart(); started++) {
      ledger.apply(ledger.start(ledger.due(), "worker"));
    }
    return started;
  }

  private static SettingChanged changed(PolicyVersion from, FlowLimits limits) {
    return new SettingChanged("async.max-staleness", "1", "2", from, limits);
  }

  private void assertRefused(LedgerEvent event) {
    LedgerSnapshot before = ledger.snapshot();
    assertThrows(IllegalStateException.class, () -> ledger.apply(event), event.toString());
    assertEquals(before, ledger.snapshot());
  }

  private void assertRefused(String complaint, LedgerEvent event) {
    assertEquals(
        complaint,
        assertThrows(IllegalStateException.class, () -> ledger.apply(event)).getMessage());
  }

  private long start() {
    return startWith(ledger.due());
  }

  private long startWith(PromptTicket ticket) {
    GroupStarted event = ledger.start(ticket, "worker");
    ledger.apply(event);
    return event.groupId();
  }

  private void loseWorker(PromptTicket ticket) {
    ledger.apply(new GroupDropped(startWith(ticket), Drop.WORKER_LOST));
  }

  private long ready(PolicyVersion oldest) {
    long id = start();
    finish(id, oldest);
    return id;
  }

  private void finish(long id, PolicyVersion oldest) {
    ledger.apply(new GroupGenerated(id, "worker", oldest, 1));
    ledger.apply(new GroupReady(id));
  }

  private void take() {
    ledger.apply(ledger.batch().orElseThrow());
  }

  /** Trains steps of one group each; the events of it. */
  private List<LedgerEvent> trainSteps(int steps) {
    List<LedgerEvent> events = new ArrayList<>();
    for (int i = 0; i < steps; i++) {
      GroupStarted started = ledger.start(ledger.due(), "worker");
      long step = ledger.completedSteps() + 1;
      List<LedgerEvent> more =
          List.of(
              started,
              new GroupGenerated(started.groupId(), "worker", ledger.version(), 1),
              new GroupReady(started.groupId()),
              new BatchTaken(step, ledger.version(), List.of(started.groupId())),
              new StepTrained(step, ledger.version().next()));
      more.forEach(ledger::apply);
      events.addAll(more);
    }
    return events;
  }
}
