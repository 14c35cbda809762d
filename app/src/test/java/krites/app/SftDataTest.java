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
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From sampled answers to a model that imitates them, on the base that ships. */
final class SftDataTest {
  private static final String BASE = Path.of("..").resolve(ModelFolder.SHIPPED).toString();

  @TempDir private Path folder;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @Test
  void rejectionFineTuningLowersTheLossOfWhatWasKept() throws IOException {
    Path rejected = folder.resolve("rejected");
    Path model = folder.resolve("model");

    assertEquals(
        ExitCode.OK,
        krites(
            "reject",
            "--model",
            BASE,
            "--n",
            "4",
            "--limit",
            "12",
            "--min-reward",
            "0",
            "--out",
            rejected.toString()),
        err());
    Path answers = rejected.resolve("answers.jsonl");
    assertEquals(12, Files.readAllLines(answers).size());
    assertEquals(
        ExitCode.OK,
        krites(
            "sft",
            "--config",
            "cold-start",
            "--data",
            answers.toString(),
            "--model",
            BASE,
            "--steps",
            "12",
            "--set",
            "sft.batch-items=12",
            "--set",
            "sft.warmup-steps=1",
            "--out",
            model.toString()),
        err());

    List<Double> losses =
        out()
            .lines()
            .filter(line -> line.startsWith("step "))
            .map(line -> Double.parseDouble(line.replaceAll(".*loss (\\S+) .*", "$1")))
            .toList();
    assertTrue(losses.getLast() < 0.8 * losses.getFirst(), losses.toString());
    assertTrue(out().contains("12 examples, 0 with nothing to imitate"), out());
    assertTrue(Files.exists(model.resolve("model.safetensors")));
    assertEquals(ExitCode.OK, krites("model", "info", model.toString()), err());
  }

  @Test
  void aFileThatCannotBeImitatedLeavesNothingBehind() throws IOException {
    Path rows =
        Files.writeString(
            folder.resolve("rows.jsonl"),
            "{\"images\": [], \"question\": \"q\", \"response\": 7}\n");
    Path model = folder.resolve("model");

    assertEquals(
        ExitCode.INPUT,
        krites("sft", "--data", rows.toString(), "--model", BASE, "--out", model.toString()));

    assertTrue(err().contains(rows + ", line 1: 'response' is 7, expected a text"), err());
    assertFalse(Files.exists(model));
  }

  private int krites(String... args) {
    List<String> all = new ArrayList<>(List.of(args));
    if (!args[0].equals("model")) {
      for (String setting :
          List.of("eval.critic-items=0", "eval.policy-items=0", "rollout.max-new-tokens=24")) {
        all.addAll(List.of("--set", setting));
      }
    }
    return Main.run(
        Main.Verbs.real(),
        new PrintStream(out, true),
        new PrintStream(err, true),
        all.toArray(String[]::new));
  }

  private String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private String err() {
    return err.toString(StandardCharsets.UTF_8);
  }
}
