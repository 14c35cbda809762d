package krites.app.audit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import krites.app.audit.JournalDiff.Strictness;
import krites.app.run.PlayedRun;
import krites.app.run.RunDirectory;
import krites.app.run.TestJournals;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.flow.LedgerEvent.GroupGenerated;
import krites.grpo.flow.LedgerEvent.GroupStarted;
import krites.grpo.flow.LedgerEvent.SettingChanged;
import krites.grpo.flow.LedgerEvent.VersionPublished;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class JournalDiffTest {
  private static final Strictness DECISIONS = new Strictness(false, false);
  private static final List<LedgerEvent> EVENTS = PlayedRun.events(11);

  @TempDir Path folder;

  @Test
  void aRunIsTheSameAsItself() {
    DiffReport report = diff(DECISIONS, EVENTS, EVENTS);

    assertTrue(report.same());
    assertTrue(
        report.lines().contains("all " + EVENTS.size() + " decisions are the same"),
        report.lines().toString());
  }

  @Test
  void anotherWorkerIsNoDifferenceUnlessAskedFor() {
    List<LedgerEvent> elsewhere =
        changed(
            20,
            GroupStarted.class,
            event -> new GroupStarted(event.groupId(), event.ticket(), "elsewhere"));

    assertTrue(diff(DECISIONS, EVENTS, elsewhere).same());
    assertFalse(diff(new Strictness(true, false), EVENTS, elsewhere).same());
  }

  @Test
  void theFirstDecisionThatDiffersIsShownWithItsLine() {
    List<LedgerEvent> other =
        changed(
            20,
            GroupGenerated.class,
            event -> new GroupGenerated(event.groupId(), event.worker(), event.oldest(), 100_000));
    int index = firstDifference(other);

    DiffReport report = diff(DECISIONS, EVENTS, other);

    DiffReport.Divergence found = report.divergence().orElseThrow();
    assertEquals(index + 1, found.line());
    assertEquals("which group was completed, under which weights and how long", found.kind());
    assertEquals(EVENTS.get(index), found.a().record().orElseThrow().event());
    assertEquals(other.get(index), found.b().record().orElseThrow().event());
    assertEquals(EVENTS.get(index - 1), found.before().getLast().event());
    assertEquals(EVENTS.get(index + 1), found.a().after().getFirst().event());
    assertEquals("the weights that both published are the same", report.lines().getLast());
  }

  @Test
  void weightsThatDifferBeforeAnyDecisionAreTold() throws IOException {
    UnaryOperator<List<LedgerEvent>> otherWeights =
        events ->
            events.stream()
                .map(
                    event ->
                        event instanceof VersionPublished(var version, var _)
                                && version.number() >= 3
                            ? new VersionPublished(version, "other")
                            : event)
                .toList();
    List<LedgerEvent> late =
        changed(
            EVENTS.size() - 10,
            GroupGenerated.class,
            event -> new GroupGenerated(event.groupId(), event.worker(), event.oldest(), 100_000));
    int early = firstDifference(changed(2, GroupGenerated.class, event -> longer(event)));

    DiffReport arithmetic = diff(DECISIONS, EVENTS, otherWeights.apply(EVENTS));
    DiffReport before = diff(DECISIONS, EVENTS, otherWeights.apply(late));
    DiffReport after =
        diff(
            DECISIONS,
            EVENTS,
            otherWeights.apply(changed(early, GroupGenerated.class, event -> longer(event))));

    assertFalse(arithmetic.same());
    assertEquals(3, arithmetic.weights().orElseThrow().version());
    assertTrue(arithmetic.lines().getLast().contains("although all decisions are the same"));
    assertTrue(before.lines().getLast().contains("before the first decision that differs"));
    assertTrue(after.lines().getLast().contains("after the first decision that differs"));
    JsonNode document = new ObjectMapper().readTree(after.json());
    assertEquals("later", document.get("weights_differ").asText());
    assertEquals(early + 1, document.get("divergence").get("line").asLong());
  }

  @Test
  void aJournalThatEndsEarlierIsADifference() {
    DiffReport report = diff(DECISIONS, EVENTS, EVENTS.subList(0, 30));

    assertEquals(31, report.divergence().orElseThrow().line());
    assertTrue(String.join("\n", report.lines()).contains("  B the journal ends here"));
  }

  @Test
  void settingsAndLiveChangesComeFirst() {
    DiffReport report = diff(DECISIONS, EVENTS, EVENTS);

    assertEquals("setting run.seed: A 1, B 2", report.lines().get(2));
    long changes = EVENTS.stream().filter(SettingChanged.class::isInstance).count();
    assertTrue(changes > 0, "seeds of this test");
    assertTrue(report.lines().get(3).startsWith("live change A line "), report.lines().get(3));
    assertEquals(2 * changes, report.changesA().size() + report.changesB().size());
  }

  private static GroupGenerated longer(GroupGenerated event) {
    return new GroupGenerated(event.groupId(), event.worker(), event.oldest(), 100_000);
  }

  /** The played run with the first event of a type at or after an index changed. */
  private static <E extends LedgerEvent> List<LedgerEvent> changed(
      int from, Class<E> type, java.util.function.Function<E, LedgerEvent> change) {
    List<LedgerEvent> other = new ArrayList<>(EVENTS);
    for (int i = from; i < other.size(); i++) {
      if (type.isInstance(other.get(i))) {
        other.set(i, change.apply(type.cast(other.get(i))));
        return other;
      }
    }
    throw new AssertionError("the played run has no " + type.getSimpleName() + " after " + from);
  }

  private static int firstDifference(List<LedgerEvent> other) {
    for (int i = 0; i < other.size(); i++) {
      if (!other.get(i).equals(EVENTS.get(i))) {
        return i;
      }
    }
    throw new AssertionError("nothing differs");
  }

  private DiffReport diff(Strictness strictness, List<LedgerEvent> a, List<LedgerEvent> b) {
    return new JournalDiff(strictness).of(run("a", "run.seed = 1", a), run("b", "run.seed = 2", b));
  }

  private Path run(String name, String settings, List<LedgerEvent> events) {
    try {
      Path run = Files.createDirectories(folder.resolve(name));
      Files.writeString(run.resolve(RunDirectory.CONFIG), settings);
      TestJournals.write(run.resolve(RunDirectory.EVENTS), events);
      return run;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
