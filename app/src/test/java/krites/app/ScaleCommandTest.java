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
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** scale on the shipped model and the built-in world, through the command line. */
final class ScaleCommandTest {
  private static final Path MODEL = Path.of("..").resolve(ModelFolder.SHIPPED);
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir static Path folder;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  private int scale(String into, String... more) {
    out.reset();
    err.reset();
    String[] first = {
      "scale",
      "--model",
      MODEL.toString(),
      "--bench",
      "shapes-policy",
      "--threads",
      "1",
      "--max-new-tokens",
      "80",
      "--out",
      folder.resolve(into).toString()
    };
    return Main.run(
        Main.Verbs.real(),
        new PrintStream(out, true, StandardCharsets.UTF_8),
        new PrintStream(err, true, StandardCharsets.UTF_8),
        Stream.concat(Arrays.stream(first), Arrays.stream(more)).toArray(String[]::new));
  }

  private JsonNode json() throws IOException {
    return JSON.readTree(out.toByteArray());
  }

  private String err() {
    return err.toString(StandardCharsets.UTF_8);
  }

  private static JsonNode point(JsonNode result, String method, int n) {
    for (JsonNode point : result.path("points")) {
      if (point.path("method").asText().equals(method) && point.path("n").asInt() == n) {
        return point;
      }
    }
    throw new AssertionError(method + " at " + n + " is not in " + result);
  }

  @Test
  void oneCommandGivesTheTableAndTheCurve() throws IOException {
    String[] more = {
      "--n",
      "2,4",
      "--limit",
      "5",
      "--ties",
      "random,confidence",
      "--base",
      MODEL.toString(),
      "--json"
    };
    assertEquals(ExitCode.OK, scale("whole", more), err());
    JsonNode result = json();

    assertEquals(5, result.path("questions").asInt());
    for (int n : new int[] {2, 4}) {
      double oracle = point(result, "oracle", n).path("accuracy").asDouble();
      for (String method : List.of("majority", "self/random", "self/confidence", "base/random")) {
        assertTrue(point(result, method, n).path("accuracy").asDouble() <= oracle, method);
      }
      assertEquals(n - 1, point(result, "self/random", n).path("comparisons").asInt());
      assertTrue(
          point(result, "self/random", n).path("judge_calls").asDouble() <= n - 1, "equal texts");
      // The same model with another name is the same judge, so nothing is asked twice.
      assertEquals(
          point(result, "self/random", n).path("accuracy"),
          point(result, "base/random", n).path("accuracy"));
    }
    assertTrue(
        point(result, "oracle", 4).path("accuracy").asDouble()
            >= point(result, "oracle", 2).path("accuracy").asDouble(),
        "the first two are among the first four");
    assertTrue(
        point(result, "self/confidence", 4).path("tokens").asDouble()
            >= point(result, "self/random", 4).path("tokens").asDouble());
    assertTrue(Files.readString(folder.resolve("whole/curve.svg")).contains("<polyline"));
  }

  @Test
  void whatIsRecordedIsNotAskedAgain() throws IOException {
    String[] more = {"--n", "4", "--limit", "4", "--json"};
    assertEquals(ExitCode.OK, scale("again", more), err());
    JsonNode first = json();
    Path candidates = folder.resolve("again/candidates.jsonl");
    Path judgements = folder.resolve("again/judgements.jsonl");
    List<String> lines = Files.readAllLines(candidates);
    List<String> judged = Files.readAllLines(judgements);
    assertEquals(4, lines.size());

    // A kill in the middle of the sampling, and one in the middle of a judgement.
    Files.writeString(candidates, lines.get(0) + "\n" + lines.get(1) + "\n{\"id\":\"sh");
    Files.writeString(judgements, judged.isEmpty() ? "" : judged.getFirst().substring(0, 20));
    assertEquals(ExitCode.OK, scale("again", more), err());

    for (JsonNode point : json().path("points")) {
      JsonNode before = point(first, point.path("method").asText(), point.path("n").asInt());
      assertEquals(before.path("accuracy"), point.path("accuracy"), point::toString);
      assertEquals(before.path("judge_calls"), point.path("judge_calls"), point::toString);
      assertEquals(before.path("tokens"), point.path("tokens"), point::toString);
    }
    assertEquals(judged.size(), Files.readAllLines(judgements).size());
  }

  @Test
  void mistakesAreOneLine() {
    assertEquals(ExitCode.INPUT, scale("x", "--n", "3"));
    assertTrue(err().contains("--n 3") && err().contains("128"), err());
    assertEquals(ExitCode.INPUT, scale("x", "--ties", "dice"));
    assertTrue(err().contains("--ties dice") && err().contains("best-of-K"), err());
    assertEquals(ExitCode.INPUT, scale("x", "--temperature", "0"));
    assertEquals(ExitCode.INPUT, scale("x", "--bench", "shapes-critic"));
    assertEquals(ExitCode.INPUT, scale("x", "--critic", folder.resolve("none").toString()));
    assertTrue(err().contains("does not exist"), err());
  }
}
