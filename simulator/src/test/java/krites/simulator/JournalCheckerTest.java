package krites.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import krites.grpo.Drop;
import krites.grpo.PolicyVersion;
import krites.grpo.flow.Account;
import krites.grpo.flow.FlowLimits;
import krites.grpo.flow.LedgerEvent;
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
import krites.grpo.flow.LedgerEvent.SettingChanged;
import krites.grpo.flow.LedgerEvent.StepTrained;
import krites.grpo.flow.LedgerEvent.VersionPublished;
import krites.grpo.flow.LiveSetting;
import krites.grpo.flow.PromptTicket;
import org.junit.jupiter.api.Test;

/** Every checker bites: the journal of a real run passes, and a mistake planted in it does not. */
final class JournalCheckerTest {
  /** Without a restart, so that each group has an end of its own. */
  private static final List<LedgerEvent> JOURNAL = journal();

  /** With restarts, cuts, hedges, poison and changes. */
  private static final List<LedgerEvent> RICH = richJournal();

  private final List<LedgerEvent> journal = JOURNAL;

  /** The journal of the first run in which all happens that can. */
  private static List<LedgerEvent> journal() {
    Plans plans = new Plans();
    plans.faults = "rollout-crash=6/min:1s,reward-error=0.05,prompt-error=0.05";
    plans.rewardAttempts = 1;
    EnumSet<Drop> all = EnumSet.of(Drop.WORKER_LOST, Drop.ROLLOUT_FAILED, Drop.REWARD_FAILED);
    return first(
        plans,
        checker ->
            checker.dropped().keySet().equals(all)
                && checker.journal().stream().noneMatch(PromptSetAside.class::isInstance));
  }

  private static List<LedgerEvent> richJournal() {
    Plans plans = new Plans();
    plans.overIssue = 2;
    plans.partialTokens = 16;
    plans.hedgeFactor = 1.2;
    plans.checkpointEvery = 3;
    plans.faults = "rollout-crash=6/min:1s,run-crash=2/min:1s,poison=0.05";
    plans.changes = List.of(new SimulationPlan.Change(8, new LiveSetting.MaxStaleness(2)));
    return first(
        plans,
        checker ->
            checker
                    .dropped()
                    .keySet()
                    .containsAll(EnumSet.of(Drop.RESTARTED, Drop.UNDONE, Drop.SURPLUS, Drop.STALE))
                && checker.journal().stream().map(Object::getClass).distinct().count()
                    == LedgerEvent.class.getPermittedSubclasses().length);
  }

  private static List<LedgerEvent> first(Plans plans, Predicate<JournalChecker> wanted) {
    return LongStream.range(0, 200)
        .mapToObj(seed -> new Simulation(plans.plan(seed)))
        .peek(simulation -> SimulationTest.assertCompleted(simulation.run()))
        .map(Simulation::checker)
        .filter(wanted)
        .findFirst()
        .orElseThrow()
        .journal();
  }

  @Test
  void theJournalOfARunPasses() {
    assertEquals(48, read(journal).trained());
    assertEquals(48, read(RICH).trained());
  }

  @Test
  void aNumberIsUsedTwice() {
    assertBroken(
        Promise.NUMBERS_RISE,
        event ->
            event instanceof GroupStarted(long id, PromptTicket ticket, String worker) && id == 9
                ? new GroupStarted(8, ticket, worker)
                : event);
  }

  @Test
  void aGroupEndsTwice() {
    List<LedgerEvent> mutated = new ArrayList<>(journal);
    int at = index(GroupDropped.class);
    mutated.add(at + 1, journal.get(at));

    assertBroken(Promise.ENDS_ONCE, mutated);
  }

  @Test
  void aGroupIsScoredBeforeItIsGenerated() {
    List<LedgerEvent> mutated = new ArrayList<>(journal);
    mutated.remove(index(GroupGenerated.class));

    assertBroken(Promise.ENDS_ONCE, mutated);
  }

  @Test
  void aDropHasTheWrongReason() {
    assertBrokenRich(
        Promise.REASON_FITS,
        event ->
            event instanceof GroupDropped(long id, Drop reason) && reason == Drop.STALE
                ? new GroupDropped(id, Drop.FLAT) // which only a group at its rewards can be
                : event);
    assertBroken(
        Promise.REASON_FITS,
        event ->
            event instanceof GroupDropped(long id, Drop reason) && reason == Drop.REWARD_FAILED
                ? new GroupDropped(id, Drop.STALE)
                : event);
  }

  @Test
  void aGroupOfABatchIsTooOld() {
    assertBroken(
        Promise.AGE_BOUNDED,
        event ->
            event
                        instanceof
                        GroupGenerated(long id, String worker, PolicyVersion oldest, int tokens)
                    && oldest.number() > 2
                ? new GroupGenerated(id, worker, new PolicyVersion(0, 0), tokens)
                : event);
  }

  @Test
  void aVersionIsSkipped() {
    assertBroken(
        Promise.VERSIONS_RISE,
        event ->
            event instanceof StepTrained(long step, PolicyVersion version) && step == 3
                ? new StepTrained(step, version.next())
                : event);
    assertBroken(
        Promise.VERSIONS_RISE,
        event ->
            event instanceof BatchTaken taken && taken.step() == 3
                ? new BatchTaken(4, taken.policy(), taken.groupIds())
                : event);
  }

  @Test
  void aBatchIsNotWhole() {
    assertBroken(
        Promise.BATCH_WHOLE,
        event ->
            event instanceof BatchTaken taken && taken.step() == 3
                ? new BatchTaken(3, taken.policy(), taken.groupIds().subList(1, 4))
                : event);
    assertBroken(
        Promise.BATCH_WHOLE,
        event ->
            event instanceof BatchTaken taken && taken.step() == 3
                ? new BatchTaken(
                    3,
                    taken.policy(),
                    List.of(
                        taken.groupIds().getFirst(),
                        taken.groupIds().getFirst(),
                        taken.groupIds().get(1),
                        taken.groupIds().get(2)))
                : event);
  }

  @Test
  void twoBatchesAreInTraining() {
    List<LedgerEvent> mutated = new ArrayList<>(journal);
    int at = index(BatchTaken.class);
    mutated.add(at + 1, journal.get(at));

    assertBroken(Promise.ONE_BATCH, mutated);
  }

  @Test
  void aStepIsTrainedTwice() {
    List<LedgerEvent> mutated = new ArrayList<>(journal);
    int at = index(StepTrained.class);
    mutated.add(at + 1, journal.get(at));

    assertBroken(Promise.ONE_BATCH, mutated);
  }

  @Test
  void aPromptIsSkippedOrIssuedTwice() {
    assertBroken(
        Promise.PROMPTS_IN_ORDER,
        event ->
            event instanceof GroupStarted(long id, PromptTicket ticket, String worker) && id == 3
                ? new GroupStarted(id, new PromptTicket(ticket.number() + 1, 0), worker)
                : event);
    assertBroken(
        Promise.PROMPTS_IN_ORDER,
        event ->
            event instanceof GroupStarted(long id, PromptTicket ticket, String worker) && id == 3
                ? new GroupStarted(id, new PromptTicket(0, 0), worker)
                : event);
  }

  /** The prompt of a lost group does not come back. */
  @Test
  void aPromptVanishes() {
    assertBroken(
        Promise.PROMPTS_IN_ORDER,
        event ->
            event instanceof GroupStarted(long id, PromptTicket ticket, String worker)
                    && ticket.attempt() > 0
                ? new GroupStarted(id, new PromptTicket(ticket.number() + 40, 0), worker)
                : event);
  }

  @Test
  void tooManyGroupsAreInFlight() {
    JournalChecker checker = new JournalChecker();
    journal.subList(0, 2).forEach(checker::check); // the start and its version
    LongStream.rangeClosed(1, 8).forEach(id -> checker.check(started(id)));

    assertEquals(
        Promise.IN_FLIGHT_BOUNDED,
        assertThrows(JournalChecker.Broken.class, () -> checker.check(started(9))).promise());
  }

  private static GroupStarted started(long id) {
    return new GroupStarted(id, new PromptTicket(id - 1, 0), "rollout-0");
  }

  @Test
  void theSummarySaysSomethingElse() {
    JournalChecker checker = read(journal);
    Account account = account(checker);
    Set<Long> trained = trained();
    checker.close(account, 12, trained);

    assertEquals(
        Promise.ACCOUNT_CLOSES,
        assertThrows(JournalChecker.Broken.class, () -> checker.close(account, 11, trained))
            .promise());
    assertEquals(
        Promise.ACCOUNT_CLOSES,
        assertThrows(
                JournalChecker.Broken.class,
                () -> checker.close(new Account(48, 48, Map.of(), 0), 12, trained))
            .promise());
  }

  @Test
  void theWeightsWereTrainedOnSomethingElse() {
    JournalChecker checker = read(journal);
    Set<Long> other = trained();
    other.remove(other.iterator().next());

    assertEquals(
        Promise.TRAINED_ONCE,
        assertThrows(JournalChecker.Broken.class, () -> checker.close(account(checker), 12, other))
            .promise());
  }

  /** No event is superfluous: without it, or with it twice, something does not fit. */
  @Test
  void noEventCanBeLeftOutOrDoubledUnnoticed() {
    Account account = account(read(journal));
    for (int i = 0; i < journal.size(); i++) {
      List<LedgerEvent> without = new ArrayList<>(journal);
      LedgerEvent event = without.remove(i);
      if (!(event instanceof CheckpointWritten)) { // another one follows
        assertNoticed("without " + event, without, account);
      }
      List<LedgerEvent> twice = new ArrayList<>(journal);
      twice.add(i, event);
      assertNoticed("twice " + event, twice, account);
    }
  }

  private void assertNoticed(String what, List<LedgerEvent> mutated, Account account) {
    assertThrows(
        JournalChecker.Broken.class, () -> read(mutated).close(account, 12, trained()), what);
  }

  // --- restarts

  /** The order of prompts goes on as if the lost steps had never been trained. */
  @Test
  void whatIsUndoneComesAgain() {
    JournalChecker checker = read(RICH);
    long undone = checker.dropped().get(Drop.UNDONE);

    assertEquals(48, checker.trained());
    assertTrue(undone > 0 && undone % 4 == 0, "whole steps are undone, not " + undone);
  }

  @Test
  void aResumeForgetsSafeSteps() {
    assertBrokenRich(
        Promise.DURABLE_STAYS,
        event ->
            event instanceof RunResumed(long step, PolicyVersion version, FlowLimits limits)
                    && step > 0
                ? new RunResumed(step - 1, version, limits)
                : event);
  }

  @Test
  void aResumeClaimsMoreThanWasTrained() {
    assertBrokenRich(
        Promise.DURABLE_STAYS,
        event ->
            event instanceof RunResumed(long step, PolicyVersion version, FlowLimits limits)
                ? new RunResumed(step + 5, version, limits)
                : event);
  }

  @Test
  void aResumeKeepsTheTerm() {
    assertBrokenRich(
        Promise.VERSIONS_RISE,
        event ->
            event instanceof RunResumed(long step, PolicyVersion version, FlowLimits limits)
                ? new RunResumed(step, new PolicyVersion(0, version.number()), limits)
                : event);
  }

  @Test
  void aGroupOutlivesARestart() {
    List<LedgerEvent> mutated = new ArrayList<>(RICH);
    for (int i = mutated.size() - 1; i >= 0; i--) {
      if (mutated.get(i) instanceof GroupDropped(long _, Drop why) && why == Drop.RESTARTED) {
        mutated.remove(i);
        break;
      }
    }

    assertBroken(Promise.ENDS_ONCE, mutated);
  }

  @Test
  void aRunGoesOnAfterItsEnd() {
    List<LedgerEvent> mutated = new ArrayList<>(journal);
    mutated.add(new GroupStarted(1, new PromptTicket(0, 0), "rollout-0"));

    assertBroken(Promise.ENDS_ONCE, mutated);
  }

  @Test
  void aCheckpointIsOlderThanTheOneBefore() {
    List<LedgerEvent> mutated = new ArrayList<>(journal);
    mutated.add(mutated.size() - 1, new CheckpointWritten(1));

    assertBroken(Promise.DURABLE_STAYS, mutated);
  }

  // --- cuts, hedges, poison, changes

  @Test
  void aGroupComesFromAWorkerThatDoesNotHaveIt() {
    assertBroken(
        Promise.COPIES_KNOWN,
        event ->
            event instanceof GroupGenerated(long id, String _, PolicyVersion oldest, int tokens)
                ? new GroupGenerated(id, "rollout-9", oldest, tokens)
                : event);
    assertBrokenRich(
        Promise.COPIES_KNOWN,
        event ->
            event instanceof GroupCut(long id, String _, PolicyVersion oldest)
                ? new GroupCut(id, "rollout-9", oldest)
                : event);
    assertBrokenRich(
        Promise.COPIES_KNOWN,
        event -> event instanceof CopyLost(long id, String _) ? new CopyLost(id, "r") : event);
  }

  @Test
  void aGroupIsAtThreeWorkers() {
    List<LedgerEvent> mutated = new ArrayList<>(journal);
    int at = index(GroupStarted.class);
    long id = ((GroupStarted) journal.get(at)).groupId();
    mutated.add(at + 1, new GroupDispatched(id, "rollout-8"));
    mutated.add(at + 2, new GroupDispatched(id, "rollout-9"));

    assertBroken(Promise.COPIES_KNOWN, mutated);
  }

  @Test
  void aTokenComesFromTheFuture() {
    assertBroken(
        Promise.VERSIONS_RISE,
        event ->
            event instanceof GroupGenerated(long id, String worker, PolicyVersion _, int tokens)
                ? new GroupGenerated(id, worker, new PolicyVersion(0, 40), tokens)
                : event);
  }

  @Test
  void aPromptIsSetAsideForNothing() {
    List<LedgerEvent> mutated = new ArrayList<>(journal);
    mutated.add(index(GroupStarted.class), new PromptSetAside(new PromptTicket(0, 0), 3, "so"));

    assertBroken(Promise.POISON_ENDS, mutated);
  }

  @Test
  void aPoisonedPromptIsTriedOnceMore() {
    List<LedgerEvent> mutated = new ArrayList<>();
    for (LedgerEvent event : RICH) {
      boolean first = event instanceof PromptSetAside && mutated.size() < RICH.size();
      mutated.add(
          first
              ? new GroupStarted(nextId(mutated), ((PromptSetAside) event).ticket(), "rollout-0")
              : event);
      if (first) {
        break;
      }
    }

    assertBroken(Promise.POISON_ENDS, mutated);
  }

  private static long nextId(List<LedgerEvent> events) {
    return 1 + events.stream().filter(GroupStarted.class::isInstance).count();
  }

  @Test
  void aSettingChangesInThePast() {
    assertBrokenRich(
        Promise.VERSIONS_RISE,
        event ->
            event
                    instanceof
                    SettingChanged(
                        String key,
                        String before,
                        String after,
                        PolicyVersion from,
                        FlowLimits limits)
                ? new SettingChanged(
                    key, before, after, new PolicyVersion(from.term(), from.number() + 1), limits)
                : event);
  }

  @Test
  void aSurplusIsDroppedThoughItIsNeeded() {
    List<LedgerEvent> mutated = new ArrayList<>(journal);
    int at = index(GroupStarted.class);
    mutated.add(at + 1, new GroupDropped(((GroupStarted) journal.get(at)).groupId(), Drop.SURPLUS));

    assertBroken(Promise.REASON_FITS, mutated);
  }

  @Test
  void aBatchIsTakenBeforeItsWeightsArePublished() {
    List<LedgerEvent> mutated = new ArrayList<>(journal);
    mutated.removeIf(event -> event instanceof VersionPublished);

    assertBroken(Promise.VERSIONS_RISE, mutated);
  }

  private void assertBrokenRich(Promise promise, UnaryOperator<LedgerEvent> mutation) {
    List<LedgerEvent> mutated = RICH.stream().map(mutation).toList();
    assertTrue(!mutated.equals(RICH), "the mutation finds nothing to change");
    assertBroken(promise, mutated);
  }

  private void assertBroken(Promise promise, UnaryOperator<LedgerEvent> mutation) {
    List<LedgerEvent> mutated = journal.stream().map(mutation).toList();
    assertTrue(!mutated.equals(journal), "the mutation finds nothing to change");
    assertBroken(promise, mutated);
  }

  private static void assertBroken(Promise promise, List<LedgerEvent> mutated) {
    JournalChecker.Broken broken = assertThrows(JournalChecker.Broken.class, () -> read(mutated));
    assertEquals(promise, broken.promise(), broken.getMessage());
  }

  private static JournalChecker read(List<LedgerEvent> events) {
    JournalChecker checker = new JournalChecker();
    events.forEach(checker::check);
    return checker;
  }

  private static Account account(JournalChecker checker) {
    return new Account(checker.issued(), checker.trained(), checker.dropped(), checker.inFlight());
  }

  private Set<Long> trained() {
    return journal.stream()
        .filter(BatchTaken.class::isInstance)
        .flatMap(event -> ((BatchTaken) event).groupIds().stream())
        .collect(Collectors.toSet());
  }

  private int index(Class<? extends LedgerEvent> type) {
    for (int i = 0; i < journal.size(); i++) {
      if (type.isInstance(journal.get(i))) {
        return i;
      }
    }
    throw new AssertionError("there is no " + type.getSimpleName());
  }

  @Test
  void aGroupThatIsReadyTwiceIsNoticed() {
    List<LedgerEvent> mutated = new ArrayList<>(journal);
    int at = index(GroupReady.class);
    mutated.add(at + 1, journal.get(at));

    assertBroken(Promise.ENDS_ONCE, mutated);
  }
}
