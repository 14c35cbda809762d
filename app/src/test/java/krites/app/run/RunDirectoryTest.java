package krites.app.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import krites.app.InputError;
import krites.grpo.Drop;
import krites.grpo.PolicyVersion;
import krites.grpo.flow.CursorState;
import krites.grpo.flow.LedgerSnapshot;
import krites.grpo.flow.PromptTicket;
import krites.grpo.flow.RunState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RunDirectoryTest {
  @TempDir Path folder;

  @Test
  void aFolderWithARunInItIsRefused() {
    Path path = folder.resolve("run");
    RunDirectory.create(path, "run.seed = 1", 0).close();

    InputError error =
        assertThrows(InputError.class, () -> RunDirectory.create(path, "run.seed = 2", 0));

    assertTrue(error.getMessage().startsWith(path + " holds a run already"), error.getMessage());
  }

  @Test
  void aSecondWriterIsRefused() {
    Path path = folder.resolve("run");
    try (RunDirectory first = RunDirectory.create(path, "", 0)) {
      first.checkpoints().write(1, _ -> {});

      InputError error =
          assertThrows(InputError.class, () -> RunDirectory.resume(path, "", 0, state(1, 0)));

      assertTrue(error.getMessage().endsWith("is being written by another process"));
    }
  }

  @Test
  void aRunFolderBelowAFileIsOneClearLine() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "x");

    InputError inside =
        assertThrows(InputError.class, () -> RunDirectory.create(file.resolve("run"), "", 0));
    InputError itself = assertThrows(InputError.class, () -> RunDirectory.create(file, "", 0));

    assertTrue(
        inside.getMessage().startsWith("cannot create run folder " + file.resolve("run") + ": "));
    assertEquals("run folder " + file + " is a file", itself.getMessage());
  }

  @Test
  void aCheckpointThatFailsLeavesNothingUnderItsName() {
    try (RunDirectory run = RunDirectory.create(folder.resolve("run"), "", 0)) {
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
    }
  }

  @Test
  void onlyTheNewestCheckpointsAreKeptInNumericalOrder() {
    try (RunDirectory run = RunDirectory.create(folder.resolve("run"), "", 2)) {
      for (long step : List.of(8, 9, 10, 11)) {
        run.checkpoints().write(step, into -> Files.createDirectories(into.resolve("deep/folder")));
      }

      assertEquals(
          List.of(10L, 11L),
          run.checkpoints().all().stream().map(Checkpoints.Checkpoint::step).toList());
    }
  }

  @Test
  void aCheckpointOfTheSameStepIsReplaced() throws IOException {
    try (RunDirectory run = RunDirectory.create(folder.resolve("run"), "", 2)) {
      run.checkpoints().write(3, into -> Files.writeString(into.resolve("a"), "old"));
      var second = run.checkpoints().write(3, into -> Files.writeString(into.resolve("b"), "new"));

      assertFalse(Files.exists(second.folder().resolve("a")));
      assertEquals("new", Files.readString(second.folder().resolve("b")));
    }
  }

  @Test
  void aResumeCutsLinesBeyondTheCheckpointAndKeepsThemAside() throws IOException {
    Path path = folder.resolve("run");
    try (RunDirectory run = RunDirectory.create(path, "old", 0)) {
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

    try (RunDirectory run = RunDirectory.resume(path, "new", 0, state(2, 0))) {
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
  void aRunWithoutCheckpointCannotBeResumed() {
    Path path = folder.resolve("run");
    RunDirectory.create(path, "", 0).close();

    assertEquals(
        "run " + path + " has no checkpoint to resume from; start it anew",
        assertThrows(InputError.class, () -> RunDirectory.requireCheckpoint(path)).getMessage());
    assertEquals(
        folder + " is not the folder of a run: it has no config.resolved.conf",
        assertThrows(InputError.class, () -> RunDirectory.requireCheckpoint(folder)).getMessage());
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

  @Test
  void theJournalIsCutAtTheMomentOfTheCheckpoint() {
    Path path = folder.resolve("run");
    try (RunDirectory run = RunDirectory.create(path, "", 0)) {
      for (String event :
          List.of(
              "GroupStarted",
              "GroupStarted",
              "StepTrained",
              "GroupStarted",
              "GroupDropped",
              "GroupReady",
              "StepTrained",
              "GroupStarted")) {
        run.events().append(Map.of("event", event));
      }
    }
    LedgerSnapshot ledger =
        new LedgerSnapshot(
            4,
            1,
            new PolicyVersion(0, 1),
            3,
            1,
            Map.of(Drop.STALE, 1L),
            List.of(new LedgerSnapshot.Flight(3, new PromptTicket(2, 0))),
            1);

    RunDirectory.resume(
            path, "", 0, new RunState(1, ledger.version(), 1, 0, ledger, CursorState.start(9)))
        .close();

    assertEquals(5, JsonLines.read(path.resolve(RunDirectory.EVENTS)).size());
    assertEquals(3, JsonLines.read(path.resolve("resumed-over/events.jsonl")).size());
  }

  @Test
  void theStateOfACheckpointReadsBack() {
    LedgerSnapshot ledger =
        new LedgerSnapshot(
            4,
            1,
            new PolicyVersion(2, 1),
            3,
            1,
            Map.of(Drop.STALE, 1L),
            List.of(new LedgerSnapshot.Flight(3, new PromptTicket(2, 0))),
            1);
    RunState state =
        new RunState(
            1,
            ledger.version(),
            17,
            0,
            ledger,
            new CursorState(9, 3, List.of(new PromptTicket(1, 1))));
    try (RunDirectory run = RunDirectory.create(folder.resolve("run"), "", 0)) {
      new CheckpointFiles(run.checkpoints()).write(state, new NothingToSave());

      assertEquals(state, CheckpointFiles.read(run.checkpoints().latest().orElseThrow()));
    }
  }

  private static RunState state(long step, long evaluatedStep) {
    PolicyVersion version = new PolicyVersion(0, step);
    LedgerSnapshot ledger = new LedgerSnapshot(1, step, version, 0, 0, Map.of(), List.of(), 0);
    return new RunState(step, version, 1, evaluatedStep, ledger, CursorState.start(1));
  }

  private static List<Object> steps(Path file) {
    return JsonLines.read(file).stream().map(line -> line.get("step")).toList();
  }
}
