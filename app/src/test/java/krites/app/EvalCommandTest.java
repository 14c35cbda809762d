package krites.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import krites.data.shapes.ShapesItem;
import krites.data.shapes.ShapesWorld;
import krites.data.shapes.Split;
import krites.data.shapes.WorldSettings;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** eval --bench on the shipped model, through the command line. */
final class EvalCommandTest {
  private static final Path MODEL = Path.of("..").resolve(ModelFolder.SHIPPED);
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir static Path folder;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  /** Pictures of the world as rows of RealWorldQA and as pairs of MM-RLHF RewardBench. */
  @BeforeAll
  static void files() throws IOException {
    ShapesWorld world = new ShapesWorld(1, WorldSettings.standard());
    StringBuilder questions = new StringBuilder();
    StringBuilder pairs = new StringBuilder();
    for (int i = 0; i < 6; i++) {
      ShapesItem item = world.item(Split.TEST, i);
      Files.write(folder.resolve("short-" + i + ".png"), world.read(item.image()));
      questions.append(
          String.format(
              "{\"question\":\"%s\",\"answer\":\"%s\",\"image\":\"short-%d.png\"}%n",
              item.questionText(), item.answer(), i));
      pairs.append(
          String.format(
              "{\"id\":\"%d\",\"prompt\":\"%s\",\"chosen\":\"%s\",\"rejected\":\"unknown\","
                  + "\"image\":\"short-%d.png\"}%n",
              i / 2, item.questionText(), item.answer(), i));
    }
    Files.writeString(folder.resolve("questions.jsonl"), questions);
    Files.writeString(folder.resolve("pairs.jsonl"), pairs);
    Files.writeString(
        folder.resolve("gone.jsonl"),
        "{\"question\":\"which?\",\"answer\":\"A\",\"image\":\"gone.png\"}\n");
  }

  private int krites(String... arguments) {
    out.reset();
    err.reset();
    return Main.run(
        Main.Verbs.real(),
        new PrintStream(out, true, StandardCharsets.UTF_8),
        new PrintStream(err, true, StandardCharsets.UTF_8),
        arguments);
  }

  private int eval(String bench, String data, String into, String... more) {
    String[] first = {
      "eval",
      "--model",
      MODEL.toString(),
      "--bench",
      bench,
      "--data",
      folder.resolve(data).toString(),
      "--out",
      folder.resolve(into).toString(),
      "--threads",
      "1",
      "--max-new-tokens",
      "80"
    };
    return krites(Stream.concat(Arrays.stream(first), Arrays.stream(more)).toArray(String[]::new));
  }

  private static double measure(JsonNode result, String name) {
    for (JsonNode measure : result.path("measures")) {
      if (measure.path("name").asText().equals(name)) {
        return measure.path("value").asDouble();
      }
    }
    throw new AssertionError(name + " is not in " + result);
  }

  private static List<String> records(String into) throws IOException {
    return Files.readAllLines(folder.resolve(into).resolve("records.jsonl"));
  }

  private static String withoutTimes(List<String> records) {
    return String.join(
        "\n",
        new TreeSet<>(
            records.stream().map(line -> line.replaceAll("\"seconds\":[0-9.E-]+", "")).toList()));
  }

  @Test
  void aBenchmarkOfFilesBecomesRecordsAndAResult() throws IOException {
    assertEquals(ExitCode.OK, eval("realworldqa", "questions.jsonl", "rw", "--json"), err());
    JsonNode result = JSON.readTree(out.toByteArray());

    assertEquals(6, result.path("items").asInt());
    assertEquals(0, result.path("failed").asInt());
    assertTrue(measure(result, "accuracy") >= 0.5, result::toString);
    assertEquals(result, JSON.readTree(folder.resolve("rw/result.json").toFile()));
    assertEquals(6, records("rw").size());
    JsonNode record = JSON.readTree(records("rw").getFirst());
    for (String field :
        List.of("id", "question", "expected", "read", "correct", "text", "tokens")) {
      assertTrue(record.has(field), field + " is not in " + record);
    }
  }

  /** What a kill leaves: some whole records, half a line. Nothing is asked twice. */
  @Test
  void aKilledEvaluationGoesOnWhereItStopped() throws IOException {
    assertEquals(ExitCode.OK, eval("mm-rlhf", "pairs.jsonl", "mm", "--json"), err());
    JsonNode whole = JSON.readTree(out.toByteArray());
    List<String> before = records("mm");
    assertEquals(6, whole.path("asked_now").asInt());

    Path file = folder.resolve("mm/records.jsonl");
    Files.writeString(
        file, before.get(0) + "\n" + before.get(1) + "\n" + before.get(2).substring(0, 40));
    assertEquals(ExitCode.OK, eval("mm-rlhf", "pairs.jsonl", "mm", "--json"), err());
    JsonNode resumed = JSON.readTree(out.toByteArray());

    assertEquals(4, resumed.path("asked_now").asInt());
    assertEquals(whole.path("measures"), resumed.path("measures"));
    assertEquals(withoutTimes(before), withoutTimes(records("mm")), "bit for bit, order apart");
    assertTrue(measure(resumed, "acc+") <= measure(resumed, "accuracy"));

    assertEquals(ExitCode.OK, eval("mm-rlhf", "pairs.jsonl", "mm", "--json"), err());
    assertEquals(0, JSON.readTree(out.toByteArray()).path("asked_now").asInt());
  }

  @Test
  void aLargerLimitGoesOnWithTheSameItems() throws IOException {
    assertEquals(ExitCode.OK, eval("realworldqa", "questions.jsonl", "lim", "--limit", "2"), err());
    assertEquals(2, records("lim").size());
    assertEquals(ExitCode.OK, eval("realworldqa", "questions.jsonl", "lim", "--limit", "4"), err());
    assertEquals(4, records("lim").size());
    assertTrue(out().contains("4 items"), out());
  }

  @Test
  void votesAreCountedAndOrdersDrawn() throws IOException {
    assertEquals(
        ExitCode.OK,
        eval(
            "pairs",
            "pairs.jsonl",
            "votes",
            "--json",
            "--protocol",
            "official",
            "--votes",
            "4",
            "--limit",
            "2"),
        err());
    JsonNode record = JSON.readTree(records("votes").getFirst());
    assertEquals(4, record.path("judgements").size());
    JsonNode result = JSON.readTree(out.toByteArray());
    assertEquals(4, result.path("votes").asInt());
    assertTrue(measure(result, "votes=3/accuracy") >= 0);
  }

  @Test
  void theBuiltInWorldIsABenchmark() throws IOException {
    String[] arguments = {
      "eval",
      MODEL.toString(),
      "--bench",
      "shapes-critic",
      "--limit",
      "4",
      "--threads",
      "1",
      "--out",
      folder.resolve("world").toString()
    };
    assertEquals(ExitCode.OK, krites(arguments), err());
    assertTrue(out().contains("position-consistency"), out());
    assertTrue(out().contains("first-position"), out());
  }

  @Test
  void missingPicturesEndItUnlessTheyAreAllowed() throws IOException {
    assertEquals(ExitCode.INPUT, eval("realworldqa", "gone.jsonl", "gone"));
    assertTrue(err().contains("1 of 1 items lack their pictures"), err());
    assertTrue(err().contains("gone.png") && err().contains("--missing-images"), err());

    assertEquals(
        ExitCode.OK, eval("realworldqa", "gone.jsonl", "gone", "--missing-images", "omit"), err());
    assertTrue(out().contains("1 ASKED WITHOUT THEIR PICTURES"), out());
    assertEquals(
        ExitCode.INPUT, eval("realworldqa", "gone.jsonl", "none", "--missing-images", "skip"));
  }

  @Test
  void mistakesAreOneLine() {
    assertEquals(ExitCode.INPUT, eval("no-such", "pairs.jsonl", "x"));
    assertTrue(err().contains("mathvista") && err().contains("vl-rewardbench"), err());
    assertEquals(ExitCode.INPUT, eval("mmmu", "pairs.jsonl", "x"));
    assertTrue(err().contains("pairs.jsonl, line 1") && err().contains("mmmu has"), err());
    assertEquals(ExitCode.INPUT, eval("mmmu", "absent.jsonl", "x"));
    assertTrue(err().contains("there is no such file"), err());
    assertEquals(ExitCode.INPUT, krites("eval", "--bench", "mmmu"));
    assertTrue(err().contains("--model"), err());
    assertEquals(ExitCode.INPUT, krites("eval", MODEL.toString(), "--bench", "mmmu"));
    assertTrue(err().contains("--data"), err());
    assertFalse(err().contains("\tat "), err());
  }

  @Test
  void anotherEvaluationsFolderIsRefused() {
    assertEquals(
        ExitCode.OK, eval("realworldqa", "questions.jsonl", "same", "--limit", "1"), err());
    assertEquals(
        ExitCode.INPUT,
        eval("realworldqa", "questions.jsonl", "same", "--limit", "1", "--instruction", "none"));
    assertTrue(err().contains("instruction was"), err());
  }

  private String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private String err() {
    return err.toString(StandardCharsets.UTF_8);
  }
}
