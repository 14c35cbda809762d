package krites.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
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

  private final RealVerbs verbs = new RealVerbs();

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
    return verbs.run(
        Stream.concat(Arrays.stream(first), Arrays.stream(more)).toArray(String[]::new));
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
    assertEquals(ExitCode.OK, eval("realworldqa", "questions.jsonl", "rw", "--json"), verbs.err());
    JsonNode result = JSON.readTree(verbs.out());

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
    assertEquals(ExitCode.OK, eval("mm-rlhf", "pairs.jsonl", "mm", "--json"), verbs.err());
    JsonNode whole = JSON.readTree(verbs.out());
    List<String> before = records("mm");
    assertEquals(6, whole.path("asked_now").asInt());

    Path file = folder.resolve("mm/records.jsonl");
    Files.writeString(
        file, before.get(0) + "\n" + before.get(1) + "\n" + before.get(2).substring(0, 40));
    assertEquals(ExitCode.OK, eval("mm-rlhf", "pairs.jsonl", "mm", "--json"), verbs.err());
    JsonNode resumed = JSON.readTree(verbs.out());

    assertEquals(4, resumed.path("asked_now").asInt());
    assertEquals(whole.path("measures"), resumed.path("measures"));
    assertEquals(withoutTimes(before), withoutTimes(records("mm")), "bit for bit, order apart");
    assertTrue(measure(resumed, "acc+") <= measure(resumed, "accuracy"));

    assertEquals(ExitCode.OK, eval("mm-rlhf", "pairs.jsonl", "mm", "--json"), verbs.err());
    assertEquals(0, JSON.readTree(verbs.out()).path("asked_now").asInt());
  }

  @Test
  void aLargerLimitGoesOnWithTheSameItems() throws IOException {
    assertEquals(
        ExitCode.OK, eval("realworldqa", "questions.jsonl", "lim", "--limit", "2"), verbs.err());
    assertEquals(2, records("lim").size());
    assertEquals(
        ExitCode.OK, eval("realworldqa", "questions.jsonl", "lim", "--limit", "4"), verbs.err());
    assertEquals(4, records("lim").size());
    assertTrue(verbs.out().contains("4 items"), verbs.out());
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
        verbs.err());
    JsonNode record = JSON.readTree(records("votes").getFirst());
    assertEquals(4, record.path("judgements").size());
    JsonNode result = JSON.readTree(verbs.out());
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
    assertEquals(ExitCode.OK, verbs.run(arguments), verbs.err());
    assertTrue(verbs.out().contains("position-consistency"), verbs.out());
    assertTrue(verbs.out().contains("first-position"), verbs.out());
  }

  @Test
  void missingPicturesEndItUnlessTheyAreAllowed() throws IOException {
    assertEquals(ExitCode.INPUT, eval("realworldqa", "gone.jsonl", "gone"));
    assertTrue(verbs.err().contains("1 of 1 items lack their pictures"), verbs.err());
    assertTrue(
        verbs.err().contains("gone.png") && verbs.err().contains("--missing-images"), verbs.err());

    assertEquals(
        ExitCode.OK,
        eval("realworldqa", "gone.jsonl", "gone", "--missing-images", "omit"),
        verbs.err());
    assertTrue(verbs.out().contains("1 ASKED WITHOUT THEIR PICTURES"), verbs.out());
    assertEquals(
        ExitCode.INPUT, eval("realworldqa", "gone.jsonl", "none", "--missing-images", "skip"));
  }

  @Test
  void mistakesAreOneLine() {
    assertEquals(ExitCode.INPUT, eval("no-such", "pairs.jsonl", "x"));
    assertTrue(
        verbs.err().contains("mathvista") && verbs.err().contains("vl-rewardbench"), verbs.err());
    assertEquals(ExitCode.INPUT, eval("mmmu", "pairs.jsonl", "x"));
    assertTrue(
        verbs.err().contains("pairs.jsonl, line 1") && verbs.err().contains("mmmu has"),
        verbs.err());
    assertEquals(ExitCode.INPUT, eval("mmmu", "absent.jsonl", "x"));
    assertTrue(verbs.err().contains("there is no such file"), verbs.err());
    assertEquals(ExitCode.INPUT, verbs.run("eval", "--bench", "mmmu"));
    assertTrue(verbs.err().contains("--model"), verbs.err());
    assertEquals(ExitCode.INPUT, verbs.run("eval", MODEL.toString(), "--bench", "mmmu"));
    assertTrue(verbs.err().contains("--data"), verbs.err());
    assertFalse(verbs.err().contains("\tat "), verbs.err());
  }

  @Test
  void anotherEvaluationsFolderIsRefused() {
    assertEquals(
        ExitCode.OK, eval("realworldqa", "questions.jsonl", "same", "--limit", "1"), verbs.err());
    assertEquals(
        ExitCode.INPUT,
        eval("realworldqa", "questions.jsonl", "same", "--limit", "1", "--instruction", "none"));
    assertTrue(verbs.err().contains("instruction was"), verbs.err());
  }
}
