package krites.app.audit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import krites.app.InputError;
import krites.app.run.PlayedRun;
import krites.app.run.RunDirectory;
import krites.app.run.TestJournals;
import krites.grpo.Drop;
import krites.grpo.PolicyVersion;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.flow.LedgerEvent.BatchTaken;
import krites.grpo.flow.LedgerEvent.GroupDropped;
import krites.grpo.flow.LedgerEvent.GroupGenerated;
import krites.grpo.flow.LedgerEvent.GroupStarted;
import krites.grpo.flow.LedgerEvent.RunEnded;
import krites.grpo.flow.LedgerEvent.RunResumed;
import krites.grpo.flow.LedgerEvent.StepTrained;
import krites.grpo.flow.LedgerEvent.VersionPublished;
import krites.grpo.flow.PromptTicket;
import krites.grpo.flow.RunLedger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class AuditTest {
  private static final int MUTATIONS = 1_000;

  @TempDir Path folder;

  @Test
  void everyRunThatTheLedgerAllowsCloses() {
    for (long seed = 0; seed < 60; seed++) {
      List<LedgerEvent> events = PlayedRun.events(seed);

      AuditReport report = audit(events);

      assertEquals(List.of(), report.findings(), "seed " + seed);
      assertEquals("completed", report.outcome());
      assertEquals(7, report.books().step());
      assertEquals(14, report.books().trained());
      assertEquals(14, report.books().ages().values().stream().mapToLong(n -> n).sum());
    }
  }

  @Test
  void aRunThatIsCutOffAnywhereClosesWithWhatIsInFlight() {
    List<LedgerEvent> events = PlayedRun.events(5);
    for (int length = 1; length < events.size(); length++) {
      AuditReport report = audit(events.subList(0, length));

      assertEquals(List.of(), report.findings(), "cut to " + length);
      assertTrue(report.lines().get(2).contains("did not end in order"), report.lines().get(2));
    }
  }

  /**
   * All mutations of the file but those that only leave an unfinished last line; there is no
   * summary that would help.
   */
  @Test
  void aThousandMutationsAreAllFound() throws IOException {
    Path journal = TestJournals.write(folder.resolve("events.jsonl"), PlayedRun.events(11));
    byte[] original = Files.readAllBytes(journal);
    for (int seed = 0; seed < MUTATIONS; seed++) {
      byte[] mutated = mutated(original, new SplittableRandom(seed));
      if (Arrays.equals(mutated, original)) {
        continue; // two lines were swapped for each other
      }
      Files.write(journal, mutated);

      assertFalse(Audit.of(folder).closes(), "seed " + seed);
    }
  }

  @Test
  void withASummaryTheEndIsProvedToo() throws IOException {
    Path journal = TestJournals.write(folder.resolve("events.jsonl"), PlayedRun.events(11));
    TestJournals.writeSummary(folder);
    byte[] original = Files.readAllBytes(journal);
    assertTrue(Audit.of(folder).closes());
    for (int cut = 1; cut < 400; cut++) {
      Files.write(journal, Arrays.copyOf(original, original.length - cut));
      assertFalse(Audit.of(folder).closes(), "without the last " + cut + " bytes");
    }
    Files.write(journal, original);
    byte[] lastByte = original.clone();
    lastByte[lastByte.length - 1] = ' ';
    Files.write(journal, lastByte);
    assertFalse(Audit.of(folder).closes());
  }

  @Test
  void theJournalOfAnotherRunDoesNotFitTheSummary() {
    TestJournals.write(folder.resolve("events.jsonl"), PlayedRun.events(11));
    TestJournals.writeSummary(folder);
    List<LedgerEvent> other = PlayedRun.events(12);
    assertTrue(other.size() >= PlayedRun.events(11).size(), "seeds of this test");
    TestJournals.write(folder.resolve("events.jsonl"), other);

    AuditReport report = Audit.of(folder);

    assertFalse(report.closes());
    assertTrue(report.findings().getFirst().text().contains("not the journal of that run"));
  }

  @Test
  void aSummaryOfAnEarlierPartIsStillCompared() {
    List<LedgerEvent> events = resumed();
    TestJournals.write(folder.resolve("events.jsonl"), events.subList(0, 40));
    TestJournals.writeSummary(folder);
    TestJournals.write(folder.resolve("events.jsonl"), events);

    assertEquals(List.of(), Audit.of(folder).findings());
  }

  @Test
  void undoneStepsAreNotCountedAsTrained() {
    List<LedgerEvent> events = resumed();

    AuditReport report = audit(events);

    assertEquals(List.of(), report.findings());
    assertEquals(1, report.resumes().size());
    assertEquals(1, report.books().undoneSteps());
    assertEquals(2L, report.books().dropped().get(Drop.UNDONE));
    assertEquals(2 * report.books().step(), report.books().trained());
    assertTrue(String.join("\n", report.lines()).contains("1 more undone by resumes"));
  }

  /** Journals whose records are whole, but which tell of something that must not happen. */
  @Test
  void eachBrokenPromiseIsFoundByBothBooks() {
    List<LedgerEvent> events = PlayedRun.events(11);
    assertBroken(events, "trained twice", this::trainedTwice);
    assertBroken(events, "too old", this::tooOld);
    assertBroken(events, "skipped prompt", this::skippedPrompt);
    assertBroken(events, "lost group", this::lostGroup);
    assertBroken(events, "dropped twice", this::droppedTwice);
    assertBroken(events, "skipped step", this::skippedStep);
    assertBroken(events, "started twice", list -> insert(list, 1, list.getFirst()));
    assertBroken(
        resumed(),
        "undone step kept",
        list ->
            replace(
                list,
                RunResumed.class::isInstance,
                event ->
                    new RunResumed(
                        ((RunResumed) event).step() + 1,
                        ((RunResumed) event).version(),
                        ((RunResumed) event).limits())));
  }

  @Test
  void theBooksAloneFindWhatTheLedgerWouldHaveToForgive() {
    // The same promises, kept by the second set of books without the ledger beside it.
    List<LedgerEvent> events = PlayedRun.events(11);
    for (List<LedgerEvent> broken :
        List.of(
            trainedTwice(events),
            tooOld(events),
            skippedPrompt(events),
            lostGroup(events),
            droppedTwice(events),
            skippedStep(events))) {
      AuditAccount account = new AuditAccount();
      assertThrows(IllegalStateException.class, () -> broken.forEach(account::book));
    }
  }

  @Test
  void theReportAsJsonIsOneDocument() throws IOException {
    AuditReport report = audit(resumed());

    JsonNode document = new ObjectMapper().readTree(report.json());

    assertTrue(document.get("closes").asBoolean());
    assertEquals(report.end().records(), document.get("records").asLong());
    assertEquals(1, document.get("resumes").size());
    assertEquals(2, document.get("groups_dropped").get("undone").asLong());
  }

  @Test
  void aFolderWithoutJournalIsBadInput() {
    InputError error = assertThrows(InputError.class, () -> Audit.of(folder));

    assertEquals(
        "cannot read " + folder.resolve("events.jsonl") + ": no such file or folder",
        error.getMessage());
  }

  @Test
  void anEmptyJournalProvesNothing() throws IOException {
    Files.writeString(folder.resolve(RunDirectory.EVENTS), "");

    assertFalse(Audit.of(folder).closes());
  }

  private AuditReport audit(List<LedgerEvent> events) {
    TestJournals.write(folder.resolve(RunDirectory.EVENTS), events);
    return Audit.of(folder);
  }

  private void assertBroken(
      List<LedgerEvent> events,
      String name,
      java.util.function.UnaryOperator<List<LedgerEvent>> fault) {
    AuditReport report = audit(fault.apply(events));
    List<String> texts = report.findings().stream().map(AuditReport.Finding::text).toList();
    assertFalse(report.closes(), name);
    assertTrue(texts.stream().anyMatch(text -> text.startsWith("the books: ")), name + texts);
    assertTrue(texts.stream().anyMatch(text -> text.startsWith("the ledger: ")), name + texts);
    assertTrue(report.lines().getLast().equals("the account does not close"), name);
  }

  private List<LedgerEvent> trainedTwice(List<LedgerEvent> events) {
    BatchTaken first = first(events, BatchTaken.class);
    return replace(
        events,
        event -> event instanceof BatchTaken batch && batch.step() == 2,
        event -> new BatchTaken(2, ((BatchTaken) event).policy(), first.groupIds()));
  }

  private List<LedgerEvent> tooOld(List<LedgerEvent> events) {
    List<LedgerEvent> old = new ArrayList<>();
    for (LedgerEvent event : events) {
      old.add(
          event instanceof GroupGenerated made && made.oldest().number() > 2
              ? new GroupGenerated(
                  made.groupId(), made.worker(), new PolicyVersion(0, 0), made.tokens())
              : event);
    }
    return old;
  }

  private List<LedgerEvent> skippedPrompt(List<LedgerEvent> events) {
    return replace(
        events,
        event -> event instanceof GroupStarted started && started.groupId() == 3,
        event ->
            new GroupStarted(
                3,
                new PromptTicket(((GroupStarted) event).ticket().number() + 1, 0),
                ((GroupStarted) event).worker()));
  }

  private List<LedgerEvent> lostGroup(List<LedgerEvent> events) {
    return replace(
        events,
        event -> event instanceof GroupStarted started && started.groupId() == 3,
        event ->
            new GroupStarted(4, ((GroupStarted) event).ticket(), ((GroupStarted) event).worker()));
  }

  private List<LedgerEvent> droppedTwice(List<LedgerEvent> events) {
    GroupDropped drop = first(events, GroupDropped.class);
    return insert(events, events.indexOf(drop) + 1, drop);
  }

  private List<LedgerEvent> skippedStep(List<LedgerEvent> events) {
    return replace(
        events,
        event -> event instanceof StepTrained trained && trained.step() == 2,
        event -> new StepTrained(2, ((StepTrained) event).version().next()));
  }

  private static <E extends LedgerEvent> E first(List<LedgerEvent> events, Class<E> type) {
    return events.stream().filter(type::isInstance).map(type::cast).findFirst().orElseThrow();
  }

  private static List<LedgerEvent> insert(List<LedgerEvent> events, int at, LedgerEvent event) {
    List<LedgerEvent> copy = new ArrayList<>(events);
    copy.add(at, event);
    return copy;
  }

  private static List<LedgerEvent> replace(
      List<LedgerEvent> events,
      Predicate<LedgerEvent> which,
      java.util.function.UnaryOperator<LedgerEvent> change) {
    List<LedgerEvent> copy = new ArrayList<>(events);
    for (int i = 0; i < copy.size(); i++) {
      if (which.test(copy.get(i))) {
        copy.set(i, change.apply(copy.get(i)));
        return copy;
      }
    }
    throw new AssertionError("the played run has no such event");
  }

  /** A run that crashed after its fifth step and went on from the checkpoint of its fourth. */
  private static List<LedgerEvent> resumed() {
    List<LedgerEvent> events = new ArrayList<>();
    List<LedgerEvent> whole = PlayedRun.events(11);
    RunLedger ledger = RunLedger.of((LedgerEvent.RunStarted) whole.getFirst());
    events.add(whole.getFirst());
    for (LedgerEvent event : whole.subList(1, whole.size())) {
      ledger.apply(event);
      events.add(event);
      if (event instanceof StepTrained trained && trained.step() == 5) {
        break;
      }
    }
    List<LedgerEvent> more = new ArrayList<>(ledger.restarted());
    PolicyVersion version = new PolicyVersion(1, 4);
    more.add(new RunResumed(4, version, PlayedRun.limits()));
    more.add(new VersionPublished(version, "00"));
    more.add(new RunEnded("stopped"));
    more.forEach(ledger::apply);
    events.addAll(more);
    return events;
  }

  private static byte[] mutated(byte[] original, SplittableRandom random) {
    List<String> lines =
        new ArrayList<>(new String(original, StandardCharsets.UTF_8).lines().toList());
    int lineCount = lines.size();
    switch (random.nextInt(5)) {
      case 0 -> { // alter a byte, but not the last line feed: that leaves a torn tail
        byte[] altered = original.clone();
        int at = random.nextInt(altered.length - 1);
        altered[at] ^= (byte) (1 + random.nextInt(255));
        return altered;
      }
      case 1 -> lines.remove(random.nextInt(lineCount - 1)); // not the last: that is a crash
      case 2 -> {
        int at = random.nextInt(lineCount);
        lines.add(random.nextInt(lineCount + 1), lines.get(at));
      }
      case 3 -> Collections.swap(lines, random.nextInt(lineCount), random.nextInt(lineCount));
      default -> { // cut a piece out of the middle
        int from = random.nextInt(original.length - 2);
        int to = from + 1 + random.nextInt(original.length - from - 2);
        byte[] rest = new byte[original.length - (to - from)];
        System.arraycopy(original, 0, rest, 0, from);
        System.arraycopy(original, to, rest, from, original.length - to);
        return rest;
      }
    }
    return (String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8);
  }
}
