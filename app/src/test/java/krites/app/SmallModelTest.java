package krites.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import krites.app.run.JsonLines;
import krites.model.safetensors.DType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The verbs on a real, tiny network: two supervised steps make it, two GRPO steps train it. */
final class SmallModelTest {
  private static final List<String> SMALL =
      List.of(
          "--set",
          "rollout.groups-per-step=2",
          "--set",
          "rollout.group-size=2",
          "--set",
          "rollout.max-new-tokens=8",
          "--set",
          "eval.max-new-tokens=8",
          "--set",
          "eval.critic-items=4",
          "--set",
          "eval.policy-items=4");

  @TempDir static Path folder;

  private static Path model;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @BeforeAll
  static void makeModel() {
    model = folder.resolve("model");
    SmallModelTest verbs = new SmallModelTest();
    int code =
        verbs.krites(
            "sft",
            "--out",
            model.toString(),
            "--steps",
            "2",
            "--set",
            "sft.warmup-steps=1",
            "--set",
            "sft.batch-items=4");
    assertEquals(ExitCode.OK, code, verbs.err());
    assertTrue(verbs.out().contains("step 2/2  loss "), verbs.out());
    assertTrue(verbs.out().contains("critic  accuracy "), verbs.out());
  }

  @Test
  void aMadeModelIsAWholeDirectoryWithItsSettings() throws IOException {
    try (var files = Files.list(model)) {
      assertEquals(
          List.of(
              "chat_template.json",
              "config.json",
              "generation_config.json",
              "model.safetensors",
              "preprocessor_config.json",
              "sft.conf",
              "tokenizer.json",
              "tokenizer_config.json"),
          files.map(file -> file.getFileName().toString()).sorted().toList());
    }
  }

  @Test
  void aMadeModelIsNotOverwritten() {
    assertEquals(ExitCode.INPUT, krites("sft", "--out", model.toString()));
    assertTrue(err().contains("exists already"), err());
  }

  @Test
  void trainingLeavesACheckpointThatCanBeMeasured() {
    Path run = folder.resolve("run");

    int code =
        krites(
            "train", "--run-dir", run.toString(), "--steps", "2", "--set", "model.path=" + model);

    assertEquals(ExitCode.OK, code, err());
    assertEquals(2, JsonLines.read(run.resolve("metrics.jsonl")).size());
    assertFalse(
        Files.exists(run.resolve("weights")), "published weights are removed with the run's end");
    assertEquals(ExitCode.OK, krites("eval", run.resolve("checkpoints/step-2").toString()), err());
    assertTrue(out().contains("policy  accuracy "), out());
  }

  @Test
  void aResumedSynchronousRunEndsWithTheSameBits() throws IOException {
    Path whole = folder.resolve("whole");
    Path halves = folder.resolve("halves");
    String lockStep = "async.max-staleness=0";
    String start = "model.path=" + model;

    assertEquals(ExitCode.OK, train(whole, "--steps", "4", "--set", lockStep, "--set", start));
    assertEquals(ExitCode.OK, train(halves, "--steps", "2", "--set", lockStep, "--set", start));
    int code = krites("train", "--resume", halves.toString(), "--steps", "4");

    assertEquals(ExitCode.OK, code, err());
    for (String file : List.of("model.safetensors", "optimizer.safetensors")) {
      Path last = Path.of("checkpoints", "step-4", file);
      assertEquals(-1, Files.mismatch(whole.resolve(last), halves.resolve(last)), file);
    }
  }

  private int train(Path run, String... more) {
    String[] all =
        Stream.concat(Stream.of("train", "--run-dir", run.toString()), Stream.of(more))
            .toArray(String[]::new);
    return krites(all);
  }

  @Test
  void aTruncatedWeightFileIsBadInput() throws IOException {
    Path broken = folder.resolve("broken");
    new ModelFolder(model).copyDescription(Files.createDirectory(broken), DType.F32);
    byte[] weights = Files.readAllBytes(model.resolve("model.safetensors"));
    Files.write(
        broken.resolve("model.safetensors"), java.util.Arrays.copyOf(weights, weights.length / 2));
    Path run = folder.resolve("run-of-broken");

    int code = krites("train", "--run-dir", run.toString(), "--set", "model.path=" + broken);

    assertEquals(ExitCode.INPUT, code);
    assertEquals(1, err().lines().filter(line -> line.startsWith("krites: ")).count(), err());
    assertTrue(err().contains("model.safetensors"), err());
    assertFalse(Files.exists(run));
  }

  @Test
  void aMissingModelIsBadInput() {
    assertEquals(ExitCode.INPUT, krites("train", "--set", "model.path=nowhere"));
    assertEquals("krites: model directory nowhere does not exist", err().strip());
  }

  private int krites(String... args) {
    String[] all =
        args[0].equals("sft") && args.length == 3
            ? args
            : Stream.concat(java.util.Arrays.stream(args), SMALL.stream()).toArray(String[]::new);
    return Main.run(Main.Verbs.real(), new PrintStream(out, true), new PrintStream(err, true), all);
  }

  private String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private String err() {
    return err.toString(StandardCharsets.UTF_8);
  }
}
