package krites.app;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import krites.app.conformance.CaseResult;
import krites.app.conformance.CriticCheck;
import krites.app.conformance.ParquetCheck;
import krites.app.conformance.SampleFilesCheck;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Data sets by the command line: what they hold, what becomes of them, and whether they are fit.
 */
final class DataCommandTest {
  private static final Path SAMPLES = Path.of("..", "data", "src", "test", "resources");
  private static final String CRITIC =
      SAMPLES.resolve("parquet/critic_grpo_snappy.parquet").toString();

  @TempDir Path folder;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @Test
  void inspectSaysFormatRowsLabelsAndTheFirstSample() throws IOException {
    JsonNode json = json(ExitCode.OK, "inspect", CRITIC);
    assertEquals("critic-grpo", json.get("format").asText());
    assertEquals(60, json.get("rows").asInt());
    assertEquals(60, json.at("/pairs/first").asInt() + json.at("/pairs/second").asInt());
    assertEquals(60, json.at("/images/embedded").asInt());
    assertEquals(0, json.get("damaged").asInt());

    assertEquals(ExitCode.OK, krites("inspect", CRITIC), err());
    assertTrue(out().contains("columns    id, question, image, answer"), out());
    assertTrue(out().contains("prompt: <image>Given an image"), out());
  }

  @Test
  void inspectTellsOfDamagedRowsAndOfUnknownFiles() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("rows.jsonl"),
            "{\"images\":[],\"question\":\"q\",\"answer\":1}\n{\"images\":[],\"question\":5,\"answer\":1}\n");
    assertEquals(ExitCode.CHECK_FAILED, krites("inspect", file.toString()));
    assertTrue(out().contains(file + ", line 2: 'question' is 5, expected a text"), out());

    Path strange = Files.writeString(folder.resolve("strange.jsonl"), "{\"a\":1,\"b\":2}");
    assertEquals(ExitCode.INPUT, krites("inspect", strange.toString()));
    assertTrue(err().contains("its first row has the keys a, b, which no known format has"), err());
    assertEquals(ExitCode.INPUT, krites("inspect", folder.resolve("none").toString()));
    assertEquals(1, err().lines().count(), err());
  }

  @Test
  void whatIsConvertedHoldsTheSameAndIsAsFit() throws IOException {
    JsonNode before = json(ExitCode.OK, "inspect", CRITIC);
    for (String name : List.of("pairs.jsonl", "pairs.parquet")) {
      Path copy = folder.resolve(name);
      assertEquals(ExitCode.OK, krites("convert", CRITIC, "--out", copy.toString()), err());
      assertTrue(out().contains("60 rows from 60 rows"), out());
      JsonNode after = json(ExitCode.OK, "check", copy.toString());
      assertEquals("krites", after.get("format").asText());
      assertEquals(before.at("/pairs/first"), after.at("/pairs/first"));
      assertEquals(before.get("lengths"), after.get("lengths"));
      assertEquals(0, after.get("missing_images").asInt());
      assertEquals(name.endsWith("l") ? 0 : 60, after.at("/images/embedded").asInt());
      assertEquals(ExitCode.INPUT, krites("convert", CRITIC, "--out", copy.toString()));
      assertTrue(err().contains("exists already"), err());
    }
    try (var left = Files.list(folder)) {
      assertEquals(3, left.count(), "two files and one folder of pictures, nothing unfinished");
    }
  }

  @Test
  void checkFindsRepeatsContradictionsAndWhatABenchmarkShares() throws IOException {
    Path image = folder.resolve("p.png");
    Files.copy(
        Path.of("..", "model", "src", "test", "resources", "images").resolve(anyPng()), image);
    String row =
        "{\"image\":\"p.png\",\"question\":\"%s\",\"response_1\":\"%s\",\"response_2\":\"%s\",\"preference\":%d}\n";
    Path train =
        Files.writeString(
            folder.resolve("train.jsonl"),
            row.formatted("Which?", "x", "y", 1)
                + row.formatted("which", "y", "x", 2)
                + row.formatted("Which?", "x", "y", 2)
                + row.formatted("Other?", "x", "y", 1));
    Path bench =
        Files.writeString(
            folder.resolve("bench.jsonl"),
            "{\"id\":\"a\",\"image\":\"none.png\",\"prompt\":\"OTHER\",\"chosen\":\"x\",\"rejected\":\"z\"}\n"
                + "{\"id\":\"b\",\"image\":\"p.png\",\"prompt\":\"Which\",\"chosen\":\"x\",\"rejected\":\"z\"}\n");
    JsonNode json =
        json(
            ExitCode.CHECK_FAILED,
            "check",
            train.toString(),
            "--against",
            bench.toString(),
            "--model",
            SmallDirectories.SHIPPED.toString(),
            "--max-prompt-tokens",
            "20");
    assertEquals(2, json.at("/repeats/samples").asInt());
    assertEquals(1, json.at("/repeats/contradicting").asInt());
    assertEquals(3, json.at("/overlap/0/question_and_image").asInt());
    assertEquals(1, json.at("/overlap/0/image").asInt());
    assertEquals(4, json.at("/tokens/overlong").asInt());
    assertTrue(json.at("/tokens/max").asInt() > 20);
    assertEquals(3, json.get("troubles").size(), json::toString);
    assertEquals(ExitCode.OK, krites("check", CRITIC), out());
    assertTrue(out().contains("checks     hold"), out());
  }

  private static Path anyPng() throws IOException {
    try (var files = Files.list(Path.of("..", "model", "src", "test", "resources", "images"))) {
      return files
          .filter(file -> file.toString().endsWith(".png"))
          .sorted()
          .findFirst()
          .orElseThrow()
          .getFileName();
    }
  }

  @Test
  void everyCellOfTheParquetSamplesPassesAndAPlantedErrorDoesNot() throws IOException {
    List<CaseResult> results = new ArrayList<>();
    new ParquetCheck().run(SAMPLES, results::add);
    assertEquals(7 * 5, results.size());
    assertEquals(List.of(), results.stream().filter(result -> !result.passed()).toList());

    Path copy = Files.createDirectories(folder.resolve("parquet"));
    String list = Files.readString(SAMPLES.resolve("parquet/expected.json"));
    Files.writeString(
        copy.resolve("expected.json"), list.replaceFirst("\"answer\": \"2\"", "\"answer\": \"1\""));
    try (var files = Files.list(SAMPLES.resolve("parquet"))) {
      for (Path file : files.filter(file -> file.toString().endsWith(".parquet")).toList()) {
        Files.copy(file, copy.resolve(file.getFileName()));
      }
    }
    results.clear();
    new ParquetCheck().run(folder, results::add);
    List<CaseResult> failed = results.stream().filter(result -> !result.passed()).toList();
    assertEquals(1, failed.size(), failed::toString);
    assertTrue(
        failed.getFirst().note().contains("row 1, column 'answer' differs"), failed::toString);
  }

  @Test
  void baselinesAreComparedAndAWrongOneFails() throws IOException {
    Path critic = Files.createDirectories(folder.resolve("critic"));
    Files.writeString(
        critic.resolve("vl_rewardbench.jsonl"),
        "{\"id\":\"RLHF-V_1\",\"image\":\"a.png\",\"prompt\":\"q\",\"chosen\":\"longer\",\"rejected\":\"short\"}\n"
            + "{\"id\":\"mmmu_1\",\"image\":\"a.png\",\"prompt\":\"q\",\"chosen\":\"x\",\"rejected\":\"short\"}\n");
    String golden =
        "{\"results\":{\"longer_response_wins\":{\"vl_rewardbench\":{\"groups\":{\"hallucination\":{\"correct\":1,\"total\":1},\"reasoning\":{\"correct\":%d,\"total\":1}},\"overall\":{\"correct\":1,\"total\":2,\"accuracy\":0.5},\"macro\":0.5}}}}";
    for (int correct = 0; correct < 2; correct++) {
      Files.writeString(critic.resolve("expected_baselines.json"), golden.formatted(correct));
      List<CaseResult> results = new ArrayList<>();
      new CriticCheck().run(folder, results::add);
      assertEquals(6, results.size(), results::toString);
      assertEquals(correct, results.stream().filter(result -> !result.passed()).count());
    }
    List<CaseResult> results = new ArrayList<>();
    new SampleFilesCheck("critic", true).run(folder, results::add);
    assertFalse(results.getFirst().passed(), "the pictures are not there");
  }

  private JsonNode json(int code, String... arguments) throws IOException {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.add("--json");
    assertEquals(code, krites(all.toArray(String[]::new)), err());
    return new ObjectMapper().readTree(out());
  }

  private int krites(String... arguments) {
    out.reset();
    err.reset();
    List<String> all = new ArrayList<>(List.of("data"));
    all.addAll(List.of(arguments));
    return Main.run(
        Main.Verbs.real(),
        new PrintStream(out, true, UTF_8),
        new PrintStream(err, true, UTF_8),
        all.toArray(String[]::new));
  }

  private String out() {
    return out.toString(UTF_8);
  }

  private String err() {
    return err.toString(UTF_8);
  }
}
