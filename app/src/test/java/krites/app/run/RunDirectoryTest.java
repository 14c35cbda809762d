package krites.app.run;

import static krites.app.run.TestJournals.ALONE;
import static krites.app.run.TestJournals.NEVER;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.app.InputError;
import krites.grpo.PolicyVersion;
import krites.grpo.flow.Continuation;
import krites.grpo.flow.CursorState;
import krites.grpo.flow.FlowLimits;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.flow.LedgerSnapshot;
import krites.grpo.flow.RunState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

final class RunDirectoryTest {
  @TempDir Path folder;

  @Test
  void aFolderWithARunInItIsRefused() {
    Path path = folder.resolve("run");
    try (RunDirectory run = RunDirectory.create(path, "run.seed = 1", 0, NEVER, ALONE)) {
      run.journal().append(List.of(new LedgerEvent.RunEnded("stopped")));
    }

    InputError error =
        assertThrows(
            InputError.class, () -> RunDirectory.create(path, "run.seed = 2", 0, NEVER, ALONE));

    assertTrue(error.getMessage().startsWith(path + " holds a run already"), error.getMessage());
  }

  @Test
  void aSecondWriterIsRefused() {
    Path path = folder.resolve("run");
    try (RunDirectory first = RunDirectory.create(path, "", 0, NEVER, ALONE)) {
      first.checkpoints().write(1, _ -> {});

      InputError error =
          assertThrows(
              InputError.class, () -> RunDirectory.resume(path, "", 0, NEVER, from(1, 0), ALONE));

      assertEquals(
          "run folder %s is being written by another process (process %d)"
              .formatted(path, ProcessHandle.current().pid()),
          error.getMessage());
    }
  }

  @Test
  void aSuccessorDoesNotWaitForAProcessThatIsStopped() throws IOException {
    Path path = folder.resolve("run");
    RunLock.Claim first = new RunLock.Claim("job 7", false);
    try (RunDirectory stopped = RunDirectory.create(path, "", 0, NEVER, first)) {
      PlayedRun.play(1, TestJournals.into(stopped));
      stopped.metrics().append(Map.of("step", 1));
      Resumption from = Resumption.newest(path);

      RunLock.Claim second = new RunLock.Claim("job 7", true);
      try (RunDirectory successor = RunDirectory.resume(path, "new", 0, NEVER, from, second)) {
        JournalEnd before = TestJournals.endOf(path.resolve(RunDirectory.EVENTS));

        // The first goes on where it was stopped.
        stopped.journal().append(List.of(new LedgerEvent.RunEnded("stopped")));
        stopped.metrics().append(Map.of("step", 2));
        assertEquals(before, TestJournals.endOf(path.resolve(RunDirectory.EVENTS)));
        assertEquals(List.of(1), steps(path.resolve(RunDirectory.METRICS)));
        for (Executable write :
            List.<Executable>of(
                () -> stopped.writeSummary(Map.of()),
                () -> stopped.writeConfig("old"),
                stopped::requireHeld)) {
          String message = assertThrows(RunFileException.class, write).getMessage();
          assertEquals(
              "cannot write into " + path + ": another process has taken over (job 7)", message);
        }

        successor.journal().append(List.of(new LedgerEvent.RunEnded("completed")));
        assertEquals(
            before.records() + 1, TestJournals.endOf(path.resolve(RunDirectory.EVENTS)).records());
        assertEquals("new", Files.readString(path.resolve(RunDirectory.CONFIG)));
      }
    }
  }

  @Test
  void nobodySucceedsAProcessOfAnotherJob() {
    Path path = folder.resolve("run");
    try (RunDirectory other = RunDirectory.create(path, "", 0, NEVER, ALONE)) {
      PlayedRun.play(1, TestJournals.into(other));
      Resumption from = Resumption.newest(path);

      InputError error =
          assertThrows(
              InputError.class,
              () ->
                  RunDirectory.resume(path, "", 0, NEVER, from, new RunLock.Claim("job 7", true)));

      assertTrue(error.getMessage().contains("written by another process"), error.getMessage());
      other.requireHeld();
    }
  }

  @Test
  void aFolderInWhichNothingHasBegunIsTakenWhenNobodyHasIt() throws IOException {
    Path path = folder.resolve("run");
    try (RunDirectory _ = RunDirectory.create(path, "old", 0, NEVER, ALONE)) {
      assertThrows(InputError.class, () -> RunDirectory.create(path, "new", 0, NEVER, ALONE));
    }
    RunDirectory.create(path, "new", 0, NEVER, ALONE).close();
    assertEquals("new", Files.readString(path.resolve(RunDirectory.CONFIG)));
  }

  @Test
  void aRunFolderBelowAFileIsOneClearLine() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "x");

    InputError inside =
        assertThrows(
            InputError.class, () -> RunDirectory.create(file.resolve("run"), "", 0, NEVER, ALONE));
    InputError itself =
        assertThrows(InputError.class, () -> RunDirectory.create(file, "", 0, NEVER, ALONE));

    assertTrue(
        inside.getMessage().startsWith("cannot create run folder " + file.resolve("run") + ": "));
    assertEquals("run folder " + file + " is a file", itself.getMessage());
  }

  @Test
  void aCheckpointThatFailsLeavesNothing() throws IOException {
    try (RunDirectory run = RunDirectory.create(folder.resolve("run"), "", 0, NEVER, ALONE)) {
      run.checkpoints().write(5, into -> Files.writeString(into.resolve("model"), "five"));

      RunFileException error =
          assertThrows(
              RunFileException.class,
              () ->
                  run.checkpoints()
                      .write(
                          10,
                          into -> {
                            Files.writeString(into.resolve("model"), "half");
                            throw new IOException("No space left on device");
                          }));

      assertTrue(
          error.getMessage().endsWith("step-10: No space left on device"), error.getMessage());
      assertEquals(5, run.checkpoints().latest().orElseThrow().step());
      try (var entries = Files.list(run.path().resolve("checkpoints"))) {
        assertEquals(1, entries.count(), "what was half written takes no place on a full disk");
      }
    }
  }

  @Test
  void onlyTheNewestCheckpointsAreKeptInNumericalOrder() {
    try (RunDirectory run = RunDirectory.create(folder.resolve("run"), "", 2, NEVER, ALONE)) {
      for (long step : List.of(8, 9, 10, 11)) {
        run.checkpoints().write(step, into -> Files.createDirectories(into.resolve("deep/folder")));
      }

      assertEquals(
          List.of(10L, 11L),
          run.checkpoints().all().stream().map(Checkpoints.Checkpoint::step).toList());
    }
  }

  @Test
  void checkpointsThatTheRunHasGoneBackFromDoNotCountAmongThoseThatAreKept() {
    try (RunDirectory run = RunDirectory.create(folder.resolve("run"), "", 1, NEVER, ALONE)) {
      for (long step : List.of(20, 5, 6)) {
        run.checkpoints().write(step, _ -> {});
      }

      assertEquals(
          List.of(6L, 20L),
          run.checkpoints().all().stream().map(Checkpoints.Checkpoint::step).toList());
    }
  }

  @Test
  void aCheckpointOfTheSameStepIsReplaced() throws IOException {
    try (RunDirectory run = RunDirectory.create(folder.resolve("run"), "", 2, NEVER, ALONE)) {
      run.checkpoints().write(3, into -> Files.writeString(into.resolve("a"), "old"));
      var second = run.checkpoints().write(3, into -> Files.writeString(into.resolve("b"), "new"));

      assertFalse(Files.exists(second.folder().resolve("a")));
      assertEquals("new", Files.readString(second.folder().resolve("b")));
    }
  }

  @Test
  void aResumeCutsLinesBeyondTheCheckpointAndKeepsThemAside() throws IOException {
    Path path = folder.resolve("run");
    try (RunDirectory run = RunDirectory.create(path, "old", 0, NEVER, ALONE)) {
      for (int step = 1; step <= 4; step++) {
        run.metrics().append(Map.of("step", step, "reward/mean", 0.5));
        run.samples().append(Map.of("step", step));
      }
      run.evals().append(Map.of("step", 0));
      run.evals().append(Map.of("step", 2));
      run.evals().append(Map.of("step", 3));
      run.checkpoints().write(2, _ -> {});
    }
    Files.writeString(
        path.resolve(RunDirectory.METRICS),
        "{\"step\":5,\"rew",
        java.nio.file.StandardOpenOption.APPEND);
    Path unfinished =
        Files.createDirectories(path.resolve("checkpoints/.unfinished-step-4/x")).getParent();

    try (RunDirectory run = RunDirectory.resume(path, "new", 0, NEVER, from(2, 0), ALONE)) {
      run.metrics().append(Map.of("step", 3, "reward/mean", 0.75));
    }

    assertEquals(List.of(1, 2, 3), steps(path.resolve(RunDirectory.METRICS)));
    assertEquals(List.of(1, 2), steps(path.resolve(RunDirectory.SAMPLES)));
    assertEquals(List.of(0), steps(path.resolve(RunDirectory.EVALS)));
    assertEquals(
        List.of(3, 4),
        steps(path.resolve("resumed-over/metrics.jsonl")),
        "the unfinished line is last");
    assertEquals(3, Files.readAllLines(path.resolve("resumed-over/metrics.jsonl")).size());
    assertFalse(Files.exists(unfinished));
    assertEquals("new", Files.readString(path.resolve(RunDirectory.CONFIG)));
  }

  @Test
  void aCheckpointThatWasBeingReplacedStillCounts() throws IOException {
    Path path = folder.resolve("run");
    try (RunDirectory run = RunDirectory.create(path, "", 0, NEVER, ALONE)) {
      run.checkpoints().write(3, into -> Files.writeString(into.resolve("a"), "old"));
      Files.move(path.resolve("checkpoints/step-3"), path.resolve("checkpoints/.replaced-step-3"));

      assertEquals(
          path.resolve("checkpoints/.replaced-step-3"),
          run.checkpoints().latest().orElseThrow().folder());

      run.checkpoints().write(3, into -> Files.writeString(into.resolve("a"), "new"));
      assertEquals(
          List.of(path.resolve("checkpoints/step-3")),
          run.checkpoints().all().stream().map(Checkpoints.Checkpoint::folder).toList());
      assertFalse(Files.exists(path.resolve("checkpoints/.replaced-step-3")));
    }
  }

  @Test
  void aFolderThatIsNoRunCannotBeResumed() {
    assertEquals(
        folder + " is not the folder of a run: it has no config.resolved.conf",
        assertThrows(InputError.class, () -> RunDirectory.newestCheckpoint(folder)).getMessage());
  }

  @Test
  void aFullDiskIsNamedWithTheFile() {
    Path full = Path.of("/dev/full");
    org.junit.jupiter.api.Assumptions.assumeTrue(Files.isWritable(full));
    JsonLines lines = JsonLines.open(full);

    RunFileException error =
        assertThrows(RunFileException.class, () -> lines.append(Map.of("step", 1)));

    assertEquals("cannot write /dev/full: No space left on device", error.getMessage());
  }

  @Test
  void aBrokenLineInTheMiddleIsNamedByItsNumber() throws IOException {
    Path file =
        Files.writeString(folder.resolve("m.jsonl"), "{\"step\":1}\nnot json\n{\"step\":2}\n");

    assertEquals(
        "cannot read " + file + ": line 2 is not a JSON object",
        assertThrows(RunFileException.class, () -> JsonLines.read(file)).getMessage());
  }

  private static Resumption from(long step, long evaluatedStep) {
    PolicyVersion version = new PolicyVersion(0, step);
    LedgerSnapshot ledger =
        new LedgerSnapshot(
            1,
            FlowLimits.of(9, 1, 1),
            1,
            step,
            0,
            version,
            0,
            0,
            Map.of(),
            List.of(),
            0,
            CursorState.start(1),
            Map.of(),
            Map.of());
    return new Resumption(
        Optional.empty(),
        new Continuation(new RunState(evaluatedStep, ledger, 0), List.of()),
        version,
        JournalEnd.EMPTY);
  }

  private static List<Object> steps(Path file) {
    return JsonLines.read(file).stream().map(line -> line.get("step")).toList();
  }
}
