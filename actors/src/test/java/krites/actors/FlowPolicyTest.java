package krites.actors;

import static krites.actors.WholeRunTest.completed;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import krites.grpo.Drop;
import krites.grpo.flow.CursorState;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.flow.LedgerEvent.GroupDropped;
import krites.grpo.flow.LedgerEvent.GroupGenerated;
import krites.grpo.flow.LedgerEvent.GroupStarted;
import krites.grpo.flow.LedgerEvent.PromptSetAside;
import krites.grpo.flow.PromptMix;
import krites.grpo.flow.PromptTicket;
import krites.grpo.flow.RunLedger;
import krites.grpo.flow.WeightUpdateMode;
import krites.grpo.record.RunSummary;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What a run does with more groups than it needs, slow workers and bad prompts; all accounts close.
 */
final class FlowPolicyTest {
  private final World world = new World();

  @Test
  void groupsBeyondALockStepBatchAreSurplusAndTheirPromptsComeBack() throws Exception {
    world.maxStaleness = 0;
    world.overIssue = 2;
    RunSummary summary = completed(world.run());
    long surplus = summary.account().dropped().get(Drop.SURPLUS);
    assertTrue(surplus > 0 && surplus <= 2 * 20, summary.toString());
    assertEquals(0, summary.maxStalenessSeen());
    closes(summary);
    Map<Long, Long> started =
        events(GroupStarted.class)
            .collect(Collectors.groupingBy(e -> e.ticket().number(), Collectors.counting()));
    assertTrue(started.values().stream().anyMatch(times -> times > 1), "issued again: " + started);
  }

  @Test
  void aGroupAtASlowWorkerIsHedgedAndCommittedOnce() throws Exception {
    world.nudgeAfter = Duration.ofMillis(100); // looks at its clock every 25 ms
    world.hedgeFactor = 1.5;
    world.steps = 40;
    world.maxStaleness = 0;
    world.engineFactory =
        index ->
            new FakeEngine(
                world,
                3,
                request -> {
                  if (index == 0 && request.groupId() > 20) {
                    rest(60);
                  }
                });
    RunSummary summary = completed(world.run());
    assertTrue(events(LedgerEvent.GroupDispatched.class).findAny().isPresent(), "no hedge");
    Map<Long, Long> committed =
        events(GroupGenerated.class)
            .collect(Collectors.groupingBy(GroupGenerated::groupId, Collectors.counting()));
    committed.forEach((id, times) -> assertEquals(1, times, "group " + id));
    assertEquals(0, summary.workersLost());
    closes(summary);
  }

  @ParameterizedTest
  @EnumSource
  void cutGroupsGoOnUnderNewWeightsAndTheAccountCloses(WeightUpdateMode mode) throws Exception {
    world.weightUpdate = mode;
    world.partialTokens = 3;
    RunSummary summary = completed(world.run());
    assertTrue(events(LedgerEvent.GroupCut.class).count() > 20);
    closes(summary);
  }

  @Test
  void aPromptUnderWhichWorkersDieIsSetAsideAndNoNeighbourIs() throws Exception {
    world.restarts = 10;
    String poison = promptOf(9);
    world.onStart =
        request -> {
          if (request.prompt().id().equals(poison)) {
            throw new IllegalStateException("it cannot be digested");
          }
        };
    RunSummary summary = completed(world.run());
    List<PromptSetAside> aside = events(PromptSetAside.class).toList();
    long prompt = Long.parseLong(poison.substring("train-".length()));
    assertEquals(
        List.of("3 workers died under it"),
        aside.stream().filter(e -> e.ticket().number() == 9).map(PromptSetAside::reason).toList());
    assertEquals(List.of(prompt), aside.stream().map(PromptSetAside::prompt).distinct().toList());
    assertEquals(Map.of(prompt, "3 workers died under it"), lastStatus().setAside());
    assertEquals(3, summary.workersLost());
    assertRanAlone(9);
    closes(summary);
  }

  @Test
  void aSuspectPromptRunsAloneAlsoWhenItsGroupWasCutAndGoesOn() throws Exception {
    world.steps = 10;
    world.restarts = 10;
    world.rolloutWorkers = 1;
    world.maxStaleness = 5; // more groups than the worker has room for, all the time,
    world.partialTokens = 2; // and some of them waiting to go on
    String poison = promptOf(9);
    world.onStart =
        request -> {
          if (request.prompt().id().equals(poison) && request.prefix().isPresent()) {
            throw new IllegalStateException("it cannot be digested");
          }
        };
    RunSummary summary = completed(world.run());
    PromptSetAside aside = events(PromptSetAside.class).findFirst().orElseThrow();
    assertEquals(9, aside.ticket().number());
    assertRanAlone(9);
    closes(summary);
  }

  @Test
  void aPromptThatWasIssuedInVainTooOftenIsSetAside() throws Exception {
    world.maxStaleness = 0;
    world.overIssue = 3;
    world.retryBudget = 1;
    RunSummary summary = completed(world.run());
    List<PromptSetAside> aside = events(PromptSetAside.class).toList();
    assertFalse(aside.isEmpty());
    assertEquals("it was issued 2 times in vain", aside.getFirst().reason());
    assertEquals(
        aside.stream().map(PromptSetAside::prompt).collect(Collectors.toSet()),
        lastStatus().setAside().keySet());
    closes(summary);
  }

  /** The third group of a ticket was the only one that its worker took with it. */
  private void assertRanAlone(long number) {
    Map<Long, GroupStarted> started =
        events(GroupStarted.class)
            .collect(Collectors.toMap(GroupStarted::groupId, Function.identity()));
    List<GroupDropped> lost =
        events(GroupDropped.class).filter(e -> e.reason() == Drop.WORKER_LOST).toList();
    List<GroupStarted> deaths =
        lost.stream()
            .map(e -> started.get(e.groupId()))
            .filter(e -> e.ticket().number() == number)
            .toList();
    assertEquals(3, deaths.size(), deaths.toString());
    String last = workerOf(deaths.getLast().groupId());
    assertEquals(
        List.of(deaths.getLast().groupId()),
        lost.stream().map(GroupDropped::groupId).filter(id -> workerOf(id).equals(last)).toList());
  }

  /** The last worker that was asked for a group. */
  private String workerOf(long id) {
    String worker = "";
    for (LedgerEvent event : world.notes.events) {
      switch (event) {
        case GroupStarted(long group, PromptTicket _, String at) when group == id -> worker = at;
        case LedgerEvent.GroupDispatched(long group, String at) when group == id -> worker = at;
        default -> {}
      }
    }
    return worker;
  }

  private String promptOf(long number) {
    return "train-" + RunLedger.replay(started()).prompt(new PromptTicket(number, 1));
  }

  /** The journal of a run that has just begun. */
  private List<LedgerEvent> started() {
    return List.of(
        new LedgerEvent.RunStarted(
            World.SEED, 50, PromptMix.NONE, world.settings().limits(), World.FIRST));
  }

  private krites.grpo.record.RunStatus lastStatus() {
    return world.notes.statuses.getLast();
  }

  private <E extends LedgerEvent> Stream<E> events(Class<E> type) {
    return world.notes.events.stream().filter(type::isInstance).map(type::cast);
  }

  /** Every event was lawful, the account is the one that was told, and no prompt is lost. */
  private void closes(RunSummary summary) {
    assertEquals(world.steps, summary.steps());
    assertEquals((long) world.steps * world.groupsPerStep, summary.account().trained());
    assertEquals(0, summary.account().inFlight());
    RunLedger ledger = world.replayed();
    assertEquals(summary.account(), ledger.account());
    Map<Long, String> ends = new HashMap<>();
    Map<Long, PromptTicket> tickets = world.tickets();
    for (long id : world.lastSaved().groups()) {
      ends.merge(tickets.get(id).number(), "trained", (one, two) -> one + ", " + two);
    }
    events(PromptSetAside.class)
        .forEach(e -> ends.merge(e.ticket().number(), "set aside", (a, b) -> a + ", " + b));
    CursorState cursor = ledger.snapshot().cursor();
    cursor
        .returned()
        .forEach(ticket -> ends.merge(ticket.number(), "returned", (a, b) -> a + ", " + b));
    assertTrue(ends.values().stream().noneMatch(end -> end.contains(",")), ends::toString);
    assertEquals(
        LongStream.range(0, cursor.position()).boxed().toList(),
        List.copyOf(new TreeSet<>(ends.keySet())));
  }

  private static void rest(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }
}
