package krites.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import krites.app.run.StatusFile;
import krites.grpo.Drop;
import krites.grpo.PolicyVersion;
import krites.grpo.flow.Account;
import krites.grpo.flow.Wait;
import krites.grpo.record.RunStatus;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** What {@code krites status} says of a run, from the files in its folder. */
final class RunStatusTest {
  private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");

  @TempDir Path folder;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  @BeforeEach
  void makeRun() throws IOException {
    Files.writeString(folder.resolve("config.resolved.conf"), "");
  }

  @Test
  void aRunThatHasSaidNothingIsStarting() throws IOException {
    try (FileChannel _ = lock()) {
      assertEquals(ExitCode.OK, status());
    }
    assertEquals("run " + folder + ": starting: it has not said anything yet", text());
  }

  @Test
  void aRunningRunTellsWhereItStands() throws IOException {
    StatusFile.write(folder, moving(), NOW.minusMillis(400));
    try (FileChannel _ = lock()) {
      assertEquals(ExitCode.OK, status());
    }
    assertEquals(
        List.of(
            "run " + folder + ": running",
            "said 0.4 s ago by process "
                + ProcessHandle.current().pid()
                + ": running, step 12 of 200, v12",
            "groups: 20 issued = 12 trained + 3 dropped (2 stale, 1 worker_lost) + 5 in flight",
            "changed while running: learner.lr = 5.0E-5",
            "  orchestrator waits for step 13 from learner since 2.0 s",
            "  learner is busy with step 13 since 1.5 s",
            "set aside: prompt 7: killed 3 workers"),
        text().lines().toList());
  }

  @Test
  void aStalledRunIsNamedWithItsDiagnosisAndExitCodeOne() throws IOException {
    StatusFile.write(folder, stalled(), NOW.minusMillis(400));
    try (FileChannel _ = lock()) {
      assertEquals(ExitCode.CHECK_FAILED, status());
    }
    assertTrue(text().startsWith("run " + folder + ": stalled: nothing moves"), text());
    assertTrue(text().endsWith("nothing moved for 5 min: it comes down to rollout-0"), text());
  }

  @Test
  void aLivingProcessThatSaysNothingForAMinuteIsSilent() throws IOException {
    StatusFile.write(folder, moving(), NOW.minusSeconds(61));
    try (FileChannel _ = lock()) {
      assertEquals(ExitCode.CHECK_FAILED, status());
    }
    assertTrue(text().startsWith("run " + folder + ": silent: "), text());
  }

  @Test
  void aDeadRunSaysHowItEndedAndHowToGoOn() throws IOException {
    StatusFile.write(folder, moving(), NOW.minusSeconds(100));
    summary("stopped", NOW.minusSeconds(99));
    assertEquals(ExitCode.OK, status());
    assertTrue(text().startsWith("run " + folder + ": stopped in order"), text());
    assertTrue(text().endsWith("go on with: krites train --resume " + folder), text());

    out.reset();
    summary("completed", NOW.minusSeconds(99));
    assertEquals(ExitCode.OK, status());
    assertTrue(text().startsWith("run " + folder + ": ended: all steps are done"), text());
    assertTrue(!text().contains("go on with"), text());

    out.reset();
    summary("failed", NOW.minusSeconds(99));
    assertEquals(ExitCode.CHECK_FAILED, status());
    assertTrue(text().startsWith("run " + folder + ": failed"), text());
  }

  @Test
  void aKilledRunIsLostEvenWhenAnEarlierPartOfItEndedInOrder() throws IOException {
    summary("stopped", NOW.minusSeconds(200));
    StatusFile.write(folder, moving(), NOW.minusSeconds(100));

    assertEquals(ExitCode.CHECK_FAILED, status());

    assertTrue(text().contains("its process is gone without a word"), text());
    assertTrue(text().endsWith("go on with: krites train --resume " + folder), text());
  }

  @Test
  void aRunThatDiedBeforeItsFirstWordIsLost() {
    assertEquals(ExitCode.CHECK_FAILED, status());
    assertTrue(text().contains("its process is gone without a word"), text());
  }

  @Test
  void asJsonItIsOneDocument() throws IOException {
    StatusFile.write(folder, stalled(), NOW.minusMillis(400));
    try (FileChannel _ = lock()) {
      assertEquals(ExitCode.CHECK_FAILED, status("--json"));
    }

    JsonNode document = new ObjectMapper().readTree(text());
    assertEquals("stalled", document.get("verdict").asText());
    assertTrue(document.get("alive").asBoolean());
    assertEquals(0.4, document.get("age_seconds").asDouble(), 1e-9);
    assertEquals(20, document.get("status").get("account").get("issued").asLong());
    assertEquals("it comes down to rollout-0", document.get("status").get("diagnosis").asText());
    assertTrue(document.get("summary").isNull());
  }

  @Test
  void aRunThatSaidNothingAsJsonHasNulls() throws IOException {
    assertEquals(ExitCode.CHECK_FAILED, status("--json"));

    JsonNode document = new ObjectMapper().readTree(text());
    assertEquals("lost", document.get("verdict").asText());
    assertTrue(document.get("status").isNull());
    assertTrue(document.get("age_seconds").isNull());
  }

  @Test
  void whatIsNoRunOrNoStatusIsBadInput() throws IOException {
    Files.writeString(folder.resolve("status.json"), "{\"writtenMillis\": 3}");
    assertEquals(ExitCode.INPUT, status());
    assertTrue(text().startsWith(folder.resolve("status.json") + ": not the status of a run"));

    out.reset();
    Files.writeString(folder.resolve("status.json"), "null");
    assertEquals(ExitCode.INPUT, status());

    out.reset();
    Files.delete(folder.resolve("status.json"));
    Files.writeString(folder.resolve("summary.json"), "[]");
    assertEquals(ExitCode.INPUT, status());

    out.reset();
    Files.delete(folder.resolve("config.resolved.conf"));
    assertEquals(ExitCode.INPUT, status());
  }

  private int status(String... more) {
    String[] arguments =
        more.length == 0
            ? new String[] {folder.toString()}
            : new String[] {folder.toString(), more[0]};
    return new CommandLine(new StatusCommand(new PrintStream(out, true), () -> NOW))
        .setExecutionExceptionHandler(
            (error, _, _) -> {
              new PrintStream(out, true).println(error.getMessage());
              return error instanceof InputError ? ExitCode.INPUT : ExitCode.RUN_FAILED;
            })
        .execute(arguments);
  }

  private String text() {
    return out.toString(StandardCharsets.UTF_8).strip();
  }

  private void summary(String outcome, Instant written) throws IOException {
    Path file =
        Files.writeString(folder.resolve("summary.json"), "{\"outcome\":\"" + outcome + "\"}");
    Files.setLastModifiedTime(file, FileTime.from(written));
  }

  private static RunStatus moving() {
    return status("", 0.1);
  }

  private static RunStatus stalled() {
    return status("it comes down to rollout-0", 300);
  }

  private static RunStatus status(String diagnosis, double idleSeconds) {
    return new RunStatus(
        "running",
        12,
        200,
        new PolicyVersion(0, 12),
        new Account(20, 12, Map.of(Drop.STALE, 2L, Drop.WORKER_LOST, 1L), 5),
        Map.of("learner.lr", "5.0E-5"),
        List.of(
            new Wait("learner", "learner", "step 13", 1.5),
            new Wait("orchestrator", "learner", "step 13", 2.0)),
        Map.of(7L, "killed 3 workers"),
        idleSeconds,
        diagnosis,
        Map.of("queue/ready", 3.0));
  }

  private FileChannel lock() throws IOException {
    FileChannel channel =
        FileChannel.open(
            folder.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    assertTrue(channel.tryLock() != null);
    return channel;
  }
}
