package krites.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run whose learner has two members in one process: replayed, and resumed with one. */
final class MembersRunTest {
  private static final List<String> SMALL =
      SmallRuns.with("learner.precision=bf16", "learner.members=2", "rollout.groups-per-step=3");

  @TempDir private Path folder;

  private final RealVerbs verbs = new RealVerbs();

  @Test
  void twoMembersTrainARunThatReplaysAndGoesOnWithOne() throws IOException {
    Path run = folder.resolve("run");
    List<String> first = new ArrayList<>(List.of("train", "--steps", "2"));
    first.addAll(List.of("--run-dir", run.toString()));
    first.addAll(SMALL);
    assertEquals(ExitCode.OK, verbs.run(first.toArray(String[]::new)), verbs.both());
    assertTrue(
        Files.readString(run.resolve("metrics.jsonl")).contains("learner/member_wait_seconds"));
    Path again = folder.resolve("again");
    assertEquals(
        ExitCode.OK, verbs.run("replay", run.toString(), "--out", again.toString()), verbs.both());
    assertTrue(verbs.both().contains("2 steps replayed, all identical\n"), verbs.both());
    for (String file : List.of("model.safetensors", "optimizer.safetensors")) {
      Path last = run.resolve("checkpoints/step-2").resolve(file);
      assertEquals(-1, Files.mismatch(last, again.resolve(file)), file);
    }
    int code =
        verbs.run(
            "train", "--resume", run.toString(), "--steps", "3", "--set", "learner.members=1");
    assertEquals(ExitCode.OK, code, verbs.both());
    assertEquals(ExitCode.OK, verbs.run("audit", run.toString()), verbs.both());
  }
}
