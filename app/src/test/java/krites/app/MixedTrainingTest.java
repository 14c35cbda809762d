package krites.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import krites.app.run.JsonLines;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pairs and questions in one run, on fake engines that always box 1. */
final class MixedTrainingTest {
  @TempDir private Path folder;

  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @Test
  void everyStepHasItsShareAndAResumeGoesOnWithTheSamePrompts() {
    Path whole = folder.resolve("whole");
    Path halves = folder.resolve("halves");

    train(whole, "--config", "mixed", "--steps", "6", "--set", "data.policy-share=0.25");
    train(halves, "--config", "mixed", "--steps", "3", "--set", "data.policy-share=0.25");
    assertEquals(
        ExitCode.OK, krites("train", "--resume", halves.toString(), "--steps", "6"), err());

    for (Path run : List.of(whole, halves)) {
      for (Map<String, Object> step : JsonLines.read(run.resolve("metrics.jsonl"))) {
        assertEquals(0.25, number(step, "policy/share"), step.toString());
        assertEquals(0.75, number(step, "critic/share"), step.toString());
        assertEquals(0.1, number(step, "policy/reward_mean"), 1e-12); // layout alone
      }
    }
    assertEquals(24, prompts(whole).size());
    assertEquals(prompts(whole), prompts(halves));
    assertEquals(ExitCode.OK, krites("audit", halves.toString()), err());
  }

  @Test
  void policyOnlyTrainsNoPairAndReadsNoFileOfPairs() throws IOException {
    Path questions =
        Files.writeString(
            folder.resolve("questions.jsonl"),
            """
            {"id": "a", "images": [], "question": "What is 0 + 1?", "answer": 1}
            {"id": "b", "images": [], "question": "What is 1 + 1?", "answer": 2}
            """);
    Path run = folder.resolve("run");

    train(
        run,
        "--config",
        "policy-only",
        "--steps",
        "2",
        "--set",
        "data.train=nowhere.jsonl",
        "--set",
        "data.train-policy=" + questions);

    for (Map<String, Object> step : JsonLines.read(run.resolve("metrics.jsonl"))) {
      assertEquals(1, number(step, "policy/share"));
      assertEquals(0.5, number(step, "policy/accuracy"));
      assertEquals(0.55, number(step, "policy/reward_mean"), 1e-12);
      assertFalse(step.containsKey("critic/share"));
    }
  }

  @Test
  void aFileOfQuestionsWithPairsIsRefused() throws IOException {
    Path rows =
        Files.writeString(
            folder.resolve("rows.jsonl"),
            """
            {"id": "a", "images": [], "question": "q", "answer": 1}
            {"id": "b", "images": [], "question": "q", "response_1": "x", "response_2": "y", "preference": 1}
            """);

    int code = krites("train", "--set", "data.train-policy=" + rows);

    assertEquals(ExitCode.INPUT, code);
    assertTrue(err().contains(rows + ": holds 1 pairs to judge, expected questions"), err());
  }

  @Test
  void theSeedDecidesTheOrderOfAMix() {
    Path one = folder.resolve("one");
    Path two = folder.resolve("two");

    train(one, "--config", "mixed", "--steps", "2", "--seed", "1");
    train(two, "--config", "mixed", "--steps", "2", "--seed", "2");

    assertNotEquals(prompts(one), prompts(two));
  }

  private static double number(Map<String, Object> step, String name) {
    return ((Number) step.get(name)).doubleValue();
  }

  /** Ids of the prompts that were trained, in order. */
  private static List<String> prompts(Path run) {
    List<String> ids = new ArrayList<>();
    for (Map<String, Object> sample : JsonLines.read(run.resolve("samples.jsonl"))) {
      ids.add(sample.get("step") + " " + sample.get("prompt_id"));
    }
    return ids;
  }

  private void train(Path run, String... more) {
    List<String> line =
        new ArrayList<>(
            List.of(
                "train",
                "--run-dir",
                run.toString(),
                "--set",
                "rollout.groups-per-step=4",
                "--set",
                "log.samples-per-step=4",
                "--set",
                "async.max-staleness=0",
                "--set",
                "checkpoint.every-steps=3",
                "--set",
                "eval.critic-items=2",
                "--set",
                "eval.policy-items=2"));
    line.addAll(List.of(more));
    assertEquals(ExitCode.OK, krites(line.toArray(String[]::new)), err());
  }

  private int krites(String... args) {
    return FakeVerbs.run(OutputStream.nullOutputStream(), err, args);
  }

  private String err() {
    return err.toString(StandardCharsets.UTF_8);
  }
}
