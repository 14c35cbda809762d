package krites.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The smoke job, as a user runs it, on the base that ships: real network, real actors, real files.
 */
final class SmokeJobTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Steps whose mean reward is compared, at either end of the run: 8 x 128 responses. */
  private static final int WINDOW = 8;

  /**
   * How much the sampled critic accuracy must rise. Measured over the same steps of five runs of
   * the main job, the rise between the windows was 0.177 to 0.254; with labels from a coin it was
   * 0.011, with the format term alone 0.060 (docs/experiments.md).
   */
  private static final double MARGIN = 0.10;

  @TempDir private Path folder;

  @Test
  void theCriticLearnsAndTheAccountCloses() throws IOException {
    Path run = folder.resolve("run");
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();

    int code =
        Main.run(
            Main.Verbs.real(),
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            "train",
            "--config",
            "smoke",
            "--run-dir",
            run.toString(),
            "--set",
            "model.path=" + Path.of("..").resolve(ModelFolder.SHIPPED));

    assertEquals(ExitCode.OK, code, () -> err.toString(StandardCharsets.UTF_8));
    List<JsonNode> steps =
        Files.readAllLines(run.resolve("metrics.jsonl")).stream().map(SmokeJobTest::json).toList();
    double rise =
        mean(steps.subList(steps.size() - WINDOW, steps.size())) - mean(steps.subList(0, WINDOW));
    assertTrue(rise >= MARGIN, "critic accuracy of the samples rose by " + rise);
    JsonNode summary = JSON.readTree(run.resolve("summary.json").toFile());
    long dropped = 0;
    for (JsonNode reason : summary.get("groups_dropped")) {
      dropped += reason.asLong();
    }
    assertEquals(
        summary.get("groups_issued").asLong(),
        summary.get("groups_trained").asLong()
            + dropped
            + summary.get("groups_in_flight").asLong());
    assertTrue(summary.get("max_staleness_seen").asLong() <= 1);
    for (JsonNode step : steps) {
      assertTrue(Double.isFinite(step.get("learner/grad_norm").asDouble()));
      double mismatch = step.get("learner/mismatch_abs_max").asDouble();
      if (step.get("groups/age_max").asDouble() == 0) {
        assertTrue(mismatch < 1e-3, "rollout and learner differ by " + mismatch);
      }
    }
  }

  /**
   * The accuracy alone: the layout improves by itself and would hide a critic that learns nothing.
   */
  private static double mean(List<JsonNode> steps) {
    return steps.stream()
        .mapToDouble(step -> step.get("critic/accuracy").asDouble())
        .average()
        .orElseThrow();
  }

  private static JsonNode json(String line) {
    try {
      return JSON.readTree(line);
    } catch (IOException e) {
      throw new IllegalArgumentException(line, e);
    }
  }
}
