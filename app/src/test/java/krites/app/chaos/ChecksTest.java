package krites.app.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import krites.app.config.ChaosPlan.Kind;
import krites.app.run.JournalRecord;
import krites.app.run.PlayedRun;
import krites.app.run.TestJournals;
import krites.grpo.Drop;
import krites.grpo.PolicyVersion;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.flow.LedgerEvent.BatchTaken;
import krites.grpo.flow.LedgerEvent.GroupDropped;
import krites.grpo.flow.LedgerEvent.GroupGenerated;
import krites.grpo.flow.LedgerEvent.RunEnded;
import krites.grpo.flow.LedgerEvent.RunResumed;
import krites.grpo.flow.LedgerEvent.StepTrained;
import krites.grpo.flow.LedgerEvent.VersionPublished;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each planted fault turns its own check red. */
final class ChecksTest {
  private static final int STEPS = 7; // of a played run
  private static final Instant NOON = Instant.parse("2026-01-02T12:00:00Z");
  private static final PlannedFault KILL = new PlannedFault(1, 5_000, Kind.KILL, "work", 1, 0, 0);

  private static final Outcome.Start START =
      new Outcome.Start(Duration.ofSeconds(9), NOON.minusSeconds(20));

  @TempDir private Path folder;

  private List<String> red(List<LedgerEvent> events, Outcome outcome, double shareMin) {
    TestJournals.write(folder.resolve("events.jsonl"), events);
    return Checks.of(
            outcome,
            JournalFacts.of(folder),
            Optional.of((long) STEPS),
            List.of(KILL),
            Optional.of(new Goodput(7, 10)),
            shareMin)
        .stream()
        .filter(check -> !check.holds())
        .map(Checks.Check::name)
        .toList();
  }

  private List<String> red(List<LedgerEvent> events) {
    return red(events, outcome(), 0.5);
  }

  private Outcome outcome() {
    return new Outcome(
        folder, START, Optional.of(0), List.of(new Outcome.Done(KILL, NOON)), List.of());
  }

  /** A run with the last event of a type replaced. */
  private static <E extends LedgerEvent> List<LedgerEvent> planted(
      Class<E> type, UnaryOperator<E> change) {
    List<LedgerEvent> events = new ArrayList<>(PlayedRun.events(5));
    for (int i = events.size() - 1; i >= 0; i--) {
      if (type.isInstance(events.get(i))) {
        events.set(i, change.apply(type.cast(events.get(i))));
        return events;
      }
    }
    throw new AssertionError("no " + type);
  }

  @Test
  void aRunThatKeptEverythingIsGreen() {
    assertEquals(List.of(), red(PlayedRun.events(5)));
  }

  @Test
  void aRunThatIsToBeStoppedMustHaveBeenStoppedInOrder() {
    List<LedgerEvent> events = new ArrayList<>(PlayedRun.events(5));
    assertFalse(endedInOrder(events, 130), "it went on to its end");
    events.set(events.size() - 1, new RunEnded("stopped"));
    assertTrue(endedInOrder(events, 130));
    assertFalse(endedInOrder(events, 3), "train failed");
  }

  private boolean endedInOrder(List<LedgerEvent> events, int exitCode) {
    TestJournals.write(folder.resolve("events.jsonl"), events);
    Outcome outcome = new Outcome(folder, START, Optional.of(exitCode), List.of(), List.of());
    return Checks.of(
            outcome, JournalFacts.of(folder), Optional.empty(), List.of(), Optional.empty(), 0)
        .stream()
        .filter(check -> check.name().equals("the run ended in order"))
        .findFirst()
        .orElseThrow()
        .holds();
  }

  @Test
  void aVersionThatGoesBackIsFound() {
    String check = "versions are monotone";
    assertTrue(
        red(planted(
                StepTrained.class, step -> new StepTrained(step.step(), new PolicyVersion(0, 2))))
            .contains(check));
    assertTrue(
        red(planted(
                VersionPublished.class,
                version -> new VersionPublished(new PolicyVersion(0, 2), version.digest())))
            .contains(check));
  }

  @Test
  void aGroupThatIsTrainedTwiceIsFound() {
    long first =
        PlayedRun.events(5).stream()
            .filter(BatchTaken.class::isInstance)
            .map(BatchTaken.class::cast)
            .findFirst()
            .orElseThrow()
            .groupIds()
            .getFirst();
    List<String> red =
        red(
            planted(
                BatchTaken.class,
                batch ->
                    new BatchTaken(
                        batch.step(),
                        batch.policy(),
                        List.of(batch.groupIds().getFirst(), first))));
    assertTrue(red.contains("no group was trained twice"), red.toString());
    assertTrue(red.contains("the account closes"), red.toString());
  }

  @Test
  void aStaleGroupIsFound() {
    List<LedgerEvent> events = new ArrayList<>(PlayedRun.events(5));
    BatchTaken last =
        events.stream()
            .filter(BatchTaken.class::isInstance)
            .map(BatchTaken.class::cast)
            .reduce((_, next) -> next)
            .orElseThrow();
    events.replaceAll(
        event ->
            event instanceof GroupGenerated(long id, String worker, PolicyVersion _, int tokens)
                    && id == last.groupIds().getFirst()
                ? new GroupGenerated(id, worker, new PolicyVersion(0, 0), tokens)
                : event);

    assertTrue(red(events).contains("no stale group was trained"));
  }

  @Test
  void aRunThatDidNotEndIsFound() {
    List<LedgerEvent> events = PlayedRun.events(5);
    assertEquals(
        List.of("the run ended with all steps"), red(events.subList(0, events.size() - 1)));
  }

  @Test
  void whatHappenedToTheProcessesIsCheckedToo() {
    Outcome outcome =
        new Outcome(folder, START, Optional.of(3), List.of(), List.of("work-1 ended"));
    assertEquals(
        List.of(
            "the run ended with all steps",
            "all planned faults came",
            "no process ended by itself",
            "effective training time"),
        red(PlayedRun.events(5), outcome, 0.8));
  }

  @Test
  void whatFollowedAFaultIsToldFromTheJournal() {
    PolicyVersion first = new PolicyVersion(0, 1);
    JournalFacts facts =
        new JournalFacts(
            List.of(
                record(0, new BatchTaken(1, new PolicyVersion(0, 0), List.of(1L, 2L))),
                record(1, new StepTrained(1, first)),
                record(2, new BatchTaken(2, first, List.of(3L, 4L))),
                record(3, new StepTrained(2, new PolicyVersion(0, 2))),
                record(14, new GroupDropped(5, Drop.RESTARTED)),
                record(15, new RunResumed(1, new PolicyVersion(1, 1), PlayedRun.limits())),
                record(20, new StepTrained(2, new PolicyVersion(1, 2))),
                record(25, new StepTrained(3, new PolicyVersion(1, 3))),
                record(61, new GroupDropped(9, Drop.WORKER_LOST))));

    JournalFacts.Aftermath after = facts.after(NOON.plusSeconds(10), NOON.plusSeconds(60));

    assertEquals(Optional.of(Duration.ofSeconds(10)), after.nextStep());
    assertEquals(Optional.of(Duration.ofSeconds(15)), after.newStep());
    assertEquals(Map.of(Drop.RESTARTED, 1L, Drop.UNDONE, 2L), after.lost());
    assertEquals(Optional.of(5.0), facts.stepsPerMinute()); // two in 24 seconds
  }

  private static JournalRecord record(int second, LedgerEvent event) {
    return new JournalRecord(1, NOON.plusSeconds(second), event, "00000000");
  }
}
