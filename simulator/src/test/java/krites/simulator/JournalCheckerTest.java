package krites.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import krites.grpo.Drop;
import krites.grpo.PolicyVersion;
import krites.grpo.flow.Account;
import krites.grpo.flow.FlowLimits;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.flow.LedgerEvent.BatchTaken;
import krites.grpo.flow.LedgerEvent.GroupDropped;
import krites.grpo.flow.LedgerEvent.GroupGenerated;
import krites.grpo.flow.LedgerEvent.GroupReady;
import krites.grpo.flow.LedgerEvent.GroupStarted;
import krites.grpo.flow.LedgerEvent.StepTrained;
import krites.grpo.flow.PromptTicket;
import org.junit.jupiter.api.Test;

/** Every checker bites: the journal of a real run passes, and a mistake planted in it does not. */
final class JournalCheckerTest {
  private static final FlowLimits LIMITS = new FlowLimits(12, 4, 1);

  private static final List<LedgerEvent> JOURNAL = journal();

  private final List<LedgerEvent> journal = JOURNAL;

  /** The journal of the first run in which all happens that can. */
  private static List<LedgerEvent> journal() {
    Plans plans = new Plans();
    plans.faults = "rollout-crash=6/min:1s,reward-error=0.1,prompt-error=0.05";
    EnumSet<Drop> all =
        EnumSet.of(Drop.WORKER_LOST, Drop.ROLLOUT_FAILED, Drop.REWARD_FAILED, Drop.STALE);
    return LongStream.range(0, 1000)
        .mapToObj(seed -> new Simulation(plans.plan(seed)))
        .peek(simulation -> SimulationTest.assertCompleted(simulation.run()))
        .filter(simulation -> simulation.checker().dropped().keySet().equals(all))
        .findFirst()
        .orElseThrow()
        .checker()
        .journal();
  }

  @Test
  void theJournalOfARunPasses() {
    assertEquals(48, read(journal).trained());
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
    assertBroken(
        Promise.REASON_FITS,
        event ->
            event instanceof GroupDropped(long id, Drop reason) && reason == Drop.STALE
                ? new GroupDropped(id, Drop.WORKER_LOST)
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
            event instanceof GroupGenerated(long id, PolicyVersion oldest) && oldest.number() > 2
                ? new GroupGenerated(id, new PolicyVersion(0, 0))
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
    JournalChecker checker = new JournalChecker(LIMITS);
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
      assertNoticed("without " + event, without, account);
      List<LedgerEvent> twice = new ArrayList<>(journal);
      twice.add(i, event);
      assertNoticed("twice " + event, twice, account);
    }
  }

  private void assertNoticed(String what, List<LedgerEvent> mutated, Account account) {
    assertThrows(
        JournalChecker.Broken.class, () -> read(mutated).close(account, 12, trained()), what);
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
    JournalChecker checker = new JournalChecker(LIMITS);
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
