package krites.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run whose learner has two members in one process: replayed, and resumed with one. */
final class MembersRunTest {
  private static final List<String> SMALL =
      List.of(
          "--set",
          "model.path=" + Path.of("..").resolve(ModelFolder.SHIPPED),
          "--set",
          "learner.precision=bf16",
          "--set",
          "learner.members=2",
          "--set",
          "rollout.groups-per-step=3",
          "--set",
          "rollout.group-size=2",
          "--set",
          "rollout.max-new-tokens=8",
          "--set",
          "eval.every-steps=0",
          "--set",
          "eval.max-new-tokens=1",
          "--set",
          "eval.critic-items=1",
          "--set",
          "eval.policy-items=0");

  @TempDir private Path folder;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @Test
  void twoMembersTrainARunThatReplaysAndGoesOnWithOne() throws IOException {
    Path run = folder.resolve("run");
    List<String> first = new ArrayList<>(List.of("train", "--steps", "2"));
    first.addAll(List.of("--run-dir", run.toString()));
    first.addAll(SMALL);
    assertEquals(ExitCode.OK, krites(first.toArray(String[]::new)), both());
    assertTrue(
        Files.readString(run.resolve("metrics.jsonl")).contains("learner/member_wait_seconds"));
    Path again = folder.resolve("again");
    assertEquals(ExitCode.OK, krites("replay", run.toString(), "--out", again.toString()), both());
    assertTrue(both().contains("2 steps replayed, all identical\n"), both());
    for (String file : List.of("model.safetensors", "optimizer.safetensors")) {
      Path last = run.resolve("checkpoints/step-2").resolve(file);
      assertEquals(-1, Files.mismatch(last, again.resolve(file)), file);
    }
    int code =
        krites("train", "--resume", run.toString(), "--steps", "3", "--set", "learner.members=1");
    assertEquals(ExitCode.OK, code, both());
    assertEquals(ExitCode.OK, krites("audit", run.toString()), both());
  }

  private int krites(String... args) {
    out.reset();
    err.reset();
    return Main.run(
        Main.Verbs.real(),
        new PrintStream(out, true, StandardCharsets.UTF_8),
        new PrintStream(err, true, StandardCharsets.UTF_8),
        args);
  }

  private String both() {
    return out.toString(StandardCharsets.UTF_8) + err.toString(StandardCharsets.UTF_8);
  }
}
