package krites.app.run;

import static krites.app.run.TestJournals.ALONE;
import static krites.app.run.TestJournals.NEVER;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import krites.app.InputError;
import krites.app.audit.Audit;
import krites.app.audit.AuditReport;
import krites.grpo.Drop;
import krites.grpo.PolicyVersion;
import krites.grpo.flow.CursorState;
import krites.grpo.flow.FlowLimits;
import krites.grpo.flow.GroupState;
import krites.grpo.flow.LedgerEvent.CheckpointWritten;
import krites.grpo.flow.LedgerSnapshot;
import krites.grpo.flow.PromptMix;
import krites.grpo.flow.PromptTicket;
import krites.grpo.flow.RunState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ResumptionTest {
  private static final long SEED = 11;

  @TempDir Path folder;

  private Path journal(Path run) {
    return run.resolve(RunDirectory.EVENTS);
  }

  private Path finished() {
    Path run = folder.resolve("finished");
    try (RunDirectory directory = RunDirectory.create(run, "", 0, NEVER, ALONE)) {
      PlayedRun.play(SEED, TestJournals.into(directory));
    }
    return run;
  }

  /**
   * Every moment at which the process can die: after each byte that was written around a checkpoint
   * and after each record elsewhere, before and after the checkpoint got its name. Each must
   * resume, finish, and close.
   */
  @Test
  void aRunThatIsKilledAnywhereGoesOnAndCloses() throws IOException {
    Path whole = finished();
    byte[] bytes = Files.readAllBytes(journal(whole));
    List<Checkpoints.Checkpoint> checkpoints =
        new Checkpoints(whole.resolve("checkpoints"), 0).all();
    assertEquals(List.of(2L, 4L, 6L, 7L), checkpoints.stream().map(c -> c.step()).toList());
    Map<Long, Checkpoints.Checkpoint> byRecord = new TreeMap<>();
    for (Checkpoints.Checkpoint each : checkpoints) {
      byRecord.put(CheckpointFiles.read(each).state().journal(), each);
    }
    int kills = 0;
    long records = 0;
    for (int length = 1; length <= bytes.length; length++) {
      boolean wholeRecord = bytes[length - 1] == '\n';
      records += wholeRecord ? 1 : 0;
      boolean mayHaveCheckpoint = byRecord.containsKey(records);
      boolean halfWritten = mayHaveCheckpoint && length % 20 == 0; // around checkpoints
      if (wholeRecord || halfWritten) {
        kills++;
        killed(whole, bytes, length, records, byRecord, true);
        if (mayHaveCheckpoint && wholeRecord) {
          kills++;
          killed(whole, bytes, length, records, byRecord, false);
        }
      }
    }
    assertTrue(kills > 100, kills + " kills");
  }

  private void killed(
      Path whole,
      byte[] bytes,
      int length,
      long records,
      Map<Long, Checkpoints.Checkpoint> byRecord,
      boolean checkpointHasItsName)
      throws IOException {
    Path run = folder.resolve("killed");
    DurableFiles.deleteTree(run);
    Files.createDirectories(run.resolve("checkpoints"));
    Files.writeString(run.resolve(RunDirectory.CONFIG), "");
    Files.write(journal(run), Arrays.copyOf(bytes, length));
    for (Map.Entry<Long, Checkpoints.Checkpoint> each : byRecord.entrySet()) {
      long at = each.getKey();
      if (at < records || (at == records && checkpointHasItsName)) {
        Path to = run.resolve("checkpoints/step-" + each.getValue().step());
        Files.createDirectory(to);
        Files.copy(
            each.getValue().folder().resolve(CheckpointFiles.STATE),
            to.resolve(CheckpointFiles.STATE));
      }
    }
    String moment = "killed after " + length + " bytes, checkpoint " + checkpointHasItsName;

    Resumption from = Resumption.newest(run);
    assertEquals(from, Resumption.afterLoss(run), moment);
    long trainedBefore = from.state().step();
    if (from.continuation().ledger().isComplete() && trainedBefore == 7) {
      return; // nothing is left to do
    }
    try (RunDirectory directory = RunDirectory.resume(run, "", 0, NEVER, from, ALONE)) {
      PlayedRun.goOn(
          SEED + 1, from.continuation(), from.version(), TestJournals.eventsInto(directory));
    }
    assertComplete(run, 1, moment);
  }

  private static void assertComplete(Path run, int resumes, String moment) {
    AuditReport report = Audit.of(run);
    assertEquals(List.of(), report.findings(), moment);
    assertEquals(7, report.books().step(), moment);
    assertEquals(14, report.books().trained(), moment);
    assertEquals(resumes, report.resumes().size(), moment);
  }

  @Test
  void aRunThatIsKilledWhileItIsResumedGoesOnAndCloses() throws IOException {
    Path run = finished();
    DurableFiles.deleteTree(run.resolve("checkpoints/step-6"));
    DurableFiles.deleteTree(run.resolve("checkpoints/step-7"));
    Resumption first = Resumption.newest(run);
    long before = first.continuation().journal() - 20; // some groups are in flight there
    byte[] bytes = Files.readAllBytes(journal(run));
    try (JournalReader reader = JournalReader.open(journal(run))) {
      reader.skip(before);
      Files.write(journal(run), Arrays.copyOf(bytes, (int) reader.end().bytes()));
    }
    Resumption from = Resumption.newest(run);
    try (RunDirectory directory = RunDirectory.resume(run, "", 0, NEVER, from, ALONE)) {
      PlayedRun.goOn(3, from.continuation(), from.version(), TestJournals.eventsInto(directory));
    }
    byte[] resumed = Files.readAllBytes(journal(run));
    int restarted = from.continuation().ledger().restarted().size();
    assertTrue(restarted > 0, "seeds of this test");
    for (long records = before; records < before + restarted + 4; records++) {
      Files.write(journal(run), resumed);
      try (JournalReader reader = JournalReader.open(journal(run))) {
        reader.skip(records);
        Files.write(journal(run), Arrays.copyOf(resumed, (int) reader.end().bytes()));
      }
      boolean wasResumed = records > before + restarted;

      Resumption again = Resumption.newest(run);
      assertEquals(wasResumed ? 2 : 1, again.version().term(), "killed after " + records);
      try (RunDirectory directory = RunDirectory.resume(run, "", 0, NEVER, again, ALONE)) {
        PlayedRun.goOn(
            4, again.continuation(), again.version(), TestJournals.eventsInto(directory));
      }
      assertComplete(run, wasResumed ? 2 : 1, "killed after " + records);
    }
  }

  @Test
  void aRunMayBeKilledAgainAndAgain() throws IOException {
    Path run = finished();
    byte[] first = Files.readAllBytes(journal(run));
    DurableFiles.deleteTree(run.resolve("checkpoints"));
    Files.write(journal(run), Arrays.copyOf(first, first.length / 2));
    for (int kill = 1; kill <= 6; kill++) {
      Resumption from = Resumption.newest(run);
      assertEquals(kill, from.version().term(), "each learner has a term of its own");
      try (RunDirectory directory = RunDirectory.resume(run, "", 0, NEVER, from, ALONE)) {
        PlayedRun.goOn(kill, from.continuation(), from.version(), TestJournals.into(directory));
      }
      assertEquals(List.of(), Audit.of(run).findings(), "kill " + kill);
      // The last checkpoint and what came after its state are lost.
      Checkpoints all = new Checkpoints(run.resolve("checkpoints"), 0);
      Checkpoints.Checkpoint newest = all.latest().orElseThrow();
      long records = CheckpointFiles.read(newest).state().journal();
      DurableFiles.deleteTree(newest.folder());
      try (JournalReader reader = JournalReader.open(journal(run))) {
        reader.skip(records - 3);
        byte[] bytes = Files.readAllBytes(journal(run));
        Files.write(journal(run), Arrays.copyOf(bytes, (int) reader.end().bytes() + 5));
      }
    }
    assertTrue(Files.size(run.resolve("resumed-over/events.jsonl")) > 0, "torn tails are kept");
  }

  @Test
  void withoutACheckpointTheRunBeginsAgain() throws IOException {
    Path run = finished();
    DurableFiles.deleteTree(run.resolve("checkpoints"));
    byte[] bytes = Files.readAllBytes(journal(run));
    Files.write(journal(run), Arrays.copyOf(bytes, bytes.length / 4));

    Resumption from = Resumption.newest(run);

    assertTrue(from.checkpoint().isEmpty());
    assertEquals(new PolicyVersion(1, 0), from.version());
    assertEquals(0, from.state().step());

    Files.write(journal(run), Arrays.copyOf(bytes, 20));
    assertEquals(
        "run " + run + " ended before it began; start it anew",
        assertThrows(InputError.class, () -> Resumption.newest(run)).getMessage());
  }

  @Test
  void aJournalThatLostRecordsIsNotGoneOnFrom() throws IOException {
    Path run = finished();
    byte[] bytes = Files.readAllBytes(journal(run));
    Files.write(journal(run), Arrays.copyOf(bytes, bytes.length / 2));

    String message = assertThrows(InputError.class, () -> Resumption.newest(run)).getMessage();

    assertTrue(message.startsWith(journal(run) + ": expected at least "), message);
    assertTrue(message.contains("; the journal lost records: restore it from a copy"), message);
  }

  @Test
  void theJournalOfAnotherRunIsNotGoneOnFrom() {
    Path run = finished();
    TestJournals.write(journal(run), PlayedRun.events(SEED + 4));
    long seen =
        CheckpointFiles.read(RunDirectory.newestCheckpoint(run).orElseThrow()).state().journal();
    assertTrue(PlayedRun.events(SEED + 4).size() > seen, "seeds of this test");

    String message = assertThrows(InputError.class, () -> Resumption.newest(run)).getMessage();

    assertTrue(message.startsWith(journal(run) + ": line " + seen + ": expected crc "), message);
    assertTrue(message.contains("; journal and checkpoint are not of the same run"), message);
  }

  @Test
  void aDamagedJournalIsNamedAndNothingIsTouched() throws IOException {
    Path run = finished();
    String text = Files.readString(journal(run)).replaceFirst("GroupReady", "GroupRead!");
    Files.writeString(journal(run), text);

    assertThrows(JournalException.class, () -> Resumption.newest(run));

    assertEquals(text, Files.readString(journal(run)));
    assertFalse(Files.exists(run.resolve("resumed-over")));
  }

  @Test
  void afterALossOnlyWhatTheCheckpointHasNotSeenIsRead() throws IOException {
    Path run = finished();
    String text = Files.readString(journal(run));
    Files.writeString(journal(run), text.replaceFirst("GroupReady", "GroupRead!"));
    assertEquals(7, Resumption.afterLoss(run).state().step());

    int last = text.lastIndexOf("\"seq\"");
    Files.writeString(journal(run), text.substring(0, last) + "\"sEq\"" + text.substring(last + 5));
    assertThrows(JournalException.class, () -> Resumption.afterLoss(run));
  }

  @Test
  void aJournalThatGrewSinceItWasReadIsNotGoneOnFrom() throws IOException {
    Path run = finished();
    byte[] bytes = Files.readAllBytes(journal(run));
    Resumption from = Resumption.newest(run);
    int lastLine = new String(bytes, StandardCharsets.UTF_8).strip().lastIndexOf('\n') + 1;
    Files.write(journal(run), Arrays.copyOf(bytes, lastLine));

    String message =
        assertThrows(InputError.class, () -> RunDirectory.resume(run, "", 0, NEVER, from, ALONE))
            .getMessage();

    assertTrue(message.contains("another process has written this run"), message);
    RunDirectory.resume(run, "", 0, NEVER, Resumption.newest(run), ALONE).close();
  }

  /**
   * A learner was stopped while it wrote the checkpoint of step 6, the run went on from step 4, and
   * then the learner finished what it had begun.
   */
  @Test
  void aCheckpointThatCameTooLateIsPassedOver() throws IOException {
    Path run = finished();
    Path late = run.resolve("checkpoints/step-6");
    JournalEnd seen = CheckpointFiles.read(new Checkpoints.Checkpoint(6, late)).end().orElseThrow();
    Files.write(journal(run), Arrays.copyOf(Files.readAllBytes(journal(run)), (int) seen.bytes()));
    Path aside = folder.resolve("step-6");
    Files.move(late, aside);
    DurableFiles.deleteTree(run.resolve("checkpoints/step-7"));
    Resumption from = Resumption.newest(run);
    assertEquals(4, from.state().step());
    try (RunDirectory directory = RunDirectory.resume(run, "", 0, NEVER, from, ALONE)) {
      PlayedRun.goOn(
          SEED + 1, from.continuation(), from.version(), TestJournals.eventsInto(directory));
    }
    cutBeforeNextCheckpoint(run, from.journal());
    Files.move(aside, late);

    Resumption again = Resumption.newest(run);
    assertEquals(4, again.state().step());
    try (RunDirectory directory = RunDirectory.resume(run, "", 0, NEVER, again, ALONE)) {
      assertFalse(Files.exists(late), "nobody takes it for the newest");
      PlayedRun.goOn(
          SEED + 2, again.continuation(), again.version(), TestJournals.eventsInto(directory));
    }
    assertComplete(run, 2, "with a late checkpoint");
  }

  /** As if the run had been killed before it wrote another one. */
  private void cutBeforeNextCheckpoint(Path run, JournalEnd since) throws IOException {
    try (JournalReader reader = JournalReader.openAt(journal(run), since).orElseThrow()) {
      long end = reader.end().bytes();
      while (!(reader.next().orElseThrow().event() instanceof CheckpointWritten)) {
        end = reader.end().bytes();
      }
      Files.write(journal(run), Arrays.copyOf(Files.readAllBytes(journal(run)), (int) end));
    }
  }

  @Test
  void aLearnerThatWasTakenForLostCannotPutItsCheckpointInPlace() throws IOException {
    Path run = finished();
    Path six = run.resolve("checkpoints/step-6");
    RunState late = CheckpointFiles.read(new Checkpoints.Checkpoint(6, six)).state();
    DurableFiles.deleteTree(six);
    DurableFiles.deleteTree(run.resolve("checkpoints/step-7"));
    CheckpointFiles learners = RunDirectory.checkpointsOf(run, 0);
    learners.write(late, new NothingToSave());
    DurableFiles.deleteTree(six);
    Resumption from = Resumption.newest(run);
    try (RunDirectory directory = RunDirectory.resume(run, "", 0, NEVER, from, ALONE)) {
      PlayedRun.goOn(SEED + 1, from.continuation(), from.version(), TestJournals.into(directory));
    }
    String mine = Files.readString(six.resolve(CheckpointFiles.STATE));

    String message =
        assertThrows(IllegalStateException.class, () -> learners.write(late, new NothingToSave()))
            .getMessage();

    assertTrue(
        message.startsWith("the run has gone on from step 4 with another learner (record "),
        message);
    assertEquals(mine, Files.readString(six.resolve(CheckpointFiles.STATE)));
    try (var left = Files.list(run.resolve("checkpoints"))) {
      assertEquals(List.of(), left.filter(each -> each.toString().contains("/.")).toList());
    }
  }

  /** A journal in which the digest of a record is its number, and no run ever goes back. */
  private static final class NumberedRecords implements CheckpointFiles.Lineage {
    @Override
    public JournalEnd at(long record) {
      return new JournalEnd(record, "0000000" + record, 100 * record, 0);
    }

    @Override
    public void requireCurrent(long record) {}
  }

  @Test
  void theStateOfACheckpointReadsBack() {
    RunState state = state();
    try (RunDirectory run = RunDirectory.create(folder.resolve("run"), "", 0, NEVER, ALONE)) {
      new CheckpointFiles(run.checkpoints(), new NumberedRecords())
          .write(state, new NothingToSave());

      assertEquals(
          new CheckpointFiles.Saved(state, "00000005", OptionalLong.of(500)),
          CheckpointFiles.read(run.checkpoints().latest().orElseThrow()));
    }
  }

  @Test
  void aDamagedOrOlderStateIsOneClearLine() throws IOException {
    try (RunDirectory run = RunDirectory.create(folder.resolve("run"), "", 0, NEVER, ALONE)) {
      new CheckpointFiles(run.checkpoints(), new NumberedRecords())
          .write(state(), new NothingToSave());
      Checkpoints.Checkpoint checkpoint = run.checkpoints().latest().orElseThrow();
      Path file = checkpoint.folder().resolve(CheckpointFiles.STATE);
      String text = Files.readString(file);

      assertRefused(
          checkpoint, text.replace("\"issued\" : 6", "\"issued\" : 7"), "its crc does not fit");
      assertRefused(checkpoint, text.substring(0, text.length() / 2), "not the state of a run");
      assertRefused(checkpoint, "{}", "not the state of a run");
      assertRefused(
          checkpoint,
          text.replace("\"layout\" : 2", "\"layout\" : 3"),
          "another version of Krites");
      assertRefused(
          checkpoint,
          "{\"step\":1,\"ledger\":{},\"cursor\":{}}",
          "expected layout 2, found an older one; it was written by another version of Krites");
      Files.delete(file);
      assertEquals(
          "cannot read " + file + ": no such file or folder",
          assertThrows(InputError.class, () -> CheckpointFiles.read(checkpoint)).getMessage());
    }
  }

  private static void assertRefused(Checkpoints.Checkpoint checkpoint, String text, String trouble)
      throws IOException {
    Path file = checkpoint.folder().resolve(CheckpointFiles.STATE);
    Files.writeString(file, text);
    String message =
        assertThrows(InputError.class, () -> CheckpointFiles.read(checkpoint)).getMessage();
    assertTrue(message.startsWith(file + ": "), message);
    assertTrue(message.contains(trouble), message);
    assertFalse(message.contains("\n"), message);
  }

  /** Something in every field, and a group in every phase. */
  private static RunState state() {
    return new RunState(
        0,
        new LedgerSnapshot(
            17,
            new FlowLimits(9, 1, 2, 3, 4, 5),
            8,
            1,
            1,
            new PolicyVersion(2, 1),
            6,
            1,
            Map.of(Drop.STALE, 1L, Drop.UNDONE, 1L),
            List.of(
                new LedgerSnapshot.Flight(
                    3,
                    new PromptTicket(2, 0),
                    new GroupState(GroupState.Phase.GENERATING, List.of("a", "b"), null)),
                new LedgerSnapshot.Flight(
                    4,
                    new PromptTicket(3, 1),
                    new GroupState(GroupState.Phase.PARKED, List.of(), new PolicyVersion(0, 1))),
                new LedgerSnapshot.Flight(
                    5,
                    new PromptTicket(4, 1),
                    new GroupState(GroupState.Phase.READY, List.of(), new PolicyVersion(0, 0)))),
            1,
            new CursorState(9, PromptMix.of(4, 0.5), 5, List.of(new PromptTicket(1, 1))),
            Map.of(1L, 2, 1L << 40, 1),
            Map.of(7L, "3 workers died under it")),
        5);
  }
}
