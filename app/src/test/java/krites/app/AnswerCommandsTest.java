package krites.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import krites.data.shapes.ShapesItem;
import krites.data.shapes.ShapesWorld;
import krites.data.shapes.Split;
import krites.data.shapes.WorldSettings;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** ask, critique and best-of-n on the shipped model, through the command line. */
final class AnswerCommandsTest {
  private static final Path MODEL = Path.of("..").resolve(ModelFolder.SHIPPED);
  private static final String QUESTION = "which color does the square have?";

  @TempDir static Path folder;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @BeforeAll
  static void writeFiles() throws IOException {
    ShapesWorld world = new ShapesWorld(1, WorldSettings.standard());
    for (int i = 0; i < 4; i++) {
      ShapesItem item = world.item(Split.TEST, i);
      Files.write(folder.resolve("picture-" + i + ".png"), world.read(item.image()));
    }
    assertEquals(QUESTION, world.item(Split.TEST, 1).questionText());
    assertEquals("blue", world.item(Split.TEST, 1).answer());
    Files.writeString(folder.resolve("words.png"), "no picture at all");
    Files.writeString(folder.resolve("long.txt"), "is there a red square? ".repeat(1000));
    Files.writeString(folder.resolve("blank.txt"), " \n");
    Files.writeString(folder.resolve("question.txt"), QUESTION + "\n");
  }

  @Test
  void anAnswerThatComesTokenByTokenIsTheOneOfTheDocument() throws IOException {
    String[] ask = {"ask", "--image", picture(1), "--question", QUESTION, "--think"};

    assertEquals(ExitCode.OK, krites(ask), err());
    String shown = out();
    JsonNode document = json(ExitCode.OK, ask);

    JsonNode response = document.get("responses").get(0);
    assertEquals(response.get("text").asText() + System.lineSeparator(), shown);
    assertEquals("blue", response.get("box").asText());
    assertTrue(response.get("thinking").asText().contains("square blue"), shown);
    assertEquals("stop", response.get("finish").asText());
    assertTrue(response.get("log_prob_sum").asDouble() < 0);
    assertTrue(response.get("tokens").asInt() > 10);
    assertEquals(
        Set.of(
            "command",
            "model",
            "precision",
            "images",
            "question",
            "think",
            "prompt_tokens",
            "sampling",
            "responses",
            "load_seconds"),
        names(document));
    assertEquals(
        Set.of("text", "thinking", "box", "tokens", "finish", "log_prob_sum", "seconds"),
        names(response));
    assertEquals("bf16", document.get("precision").asText(), "as the files are");
    assertEquals(0.0, document.get("sampling").get("temperature").asDouble());
  }

  @Test
  void severalAnswersAreShownWhenEachIsDoneAndSeedsRepeatThem() throws IOException {
    String[] ask = {
      "ask",
      "--image",
      picture(1),
      "--question-file",
      file("question.txt"),
      "--think",
      "--n",
      "3",
      "--temperature",
      "1.5",
      "--max-new-tokens",
      "12"
    };

    assertEquals(ExitCode.OK, krites(ask), err());
    String shown = out();
    JsonNode document = json(ExitCode.OK, ask);

    for (int i = 0; i < 3; i++) {
      assertTrue(shown.contains("== response " + (i + 1) + " of 3 =="), shown);
      assertTrue(shown.contains(document.get("responses").get(i).get("text").asText()), shown);
    }
    assertEquals(1.5, document.get("sampling").get("temperature").asDouble());
    assertTrue(err().contains("cut by --max-new-tokens"), err());
    assertFalse(
        withoutTimes(document).equals(withoutTimes(json(ExitCode.OK, with(ask, "--seed", "2")))));
    assertEquals(withoutTimes(document), withoutTimes(json(ExitCode.OK, ask)));
  }

  @Test
  void aQuestionHasNoImageOrSeveral() throws IOException {
    JsonNode none = json(ExitCode.OK, "ask", "--question", "what?", "--max-new-tokens", "2");
    JsonNode one =
        json(
            ExitCode.OK,
            "ask",
            "--question",
            "what?",
            "--image",
            picture(0),
            "--max-new-tokens",
            "2");
    JsonNode placed =
        json(
            ExitCode.OK,
            "ask",
            "--question",
            "<image>what?<image>",
            "--image",
            picture(0),
            "--image",
            picture(1),
            "--max-new-tokens",
            "2");

    int tokens = none.get("prompt_tokens").asInt();
    int picture = one.get("prompt_tokens").asInt() - tokens;
    assertTrue(picture > 2, "an image has tokens");
    assertEquals(tokens + 2 * picture, placed.get("prompt_tokens").asInt());
    assertEquals(
        tokens - systemTokens("You are a helpful assistant.") + systemTokens("red red"),
        json(
                ExitCode.OK,
                "ask",
                "--question",
                "what?",
                "--system",
                "red red",
                "--max-new-tokens",
                "2")
            .get("prompt_tokens")
            .asInt());
  }

  private static int systemTokens(String text) {
    try (var tokenizer = krites.model.tokenizer.Tokenizer.load(MODEL)) {
      return tokenizer.encode("<|im_start|>system\n" + text + "<|im_end|>\n").length;
    }
  }

  /** The shipped base prefers what it sees first, so its two orders contradict each other. */
  @Test
  void bothOrdersAreCountedInTheNumbersOfTheResponsesAsGiven() throws IOException {
    String[] critique = critique("purple", "blue", "--both-orders");

    assertEquals(ExitCode.OK, krites(critique), err());
    assertTrue(out().contains("the two orders do not agree"), out());
    assertTrue(out().strip().endsWith("verdict: neither is better"), out());
    JsonNode document = json(ExitCode.OK, critique);

    assertEquals(
        Set.of(
            "command",
            "model",
            "precision",
            "images",
            "question",
            "response_1",
            "response_2",
            "prompt_tokens",
            "sampling",
            "judgements",
            "votes",
            "consistent",
            "verdict",
            "load_seconds"),
        names(document));
    JsonNode given = document.get("judgements").get(0);
    JsonNode exchanged = document.get("judgements").get(1);
    assertEquals("given", given.get("order").asText());
    assertEquals("1", given.get("box").asText());
    assertEquals("1", given.get("verdict").asText());
    assertEquals("exchanged", exchanged.get("order").asText());
    assertEquals("1", exchanged.get("box").asText());
    assertEquals("2", exchanged.get("verdict").asText());
    assertEquals("{\"1\":1,\"2\":1,\"tie\":0,\"unread\":0}", document.get("votes").toString());
    assertFalse(document.get("consistent").asBoolean());
    assertEquals("tie", document.get("verdict").asText());
  }

  @Test
  void aSingleJudgementEndsWithItsVerdictAndSeveralWithTheirVotes() throws IOException {
    assertEquals(ExitCode.OK, krites(critique("blue", "red")), err());
    assertTrue(out().strip().endsWith("verdict: response 1 is better"), out());

    JsonNode votes =
        json(ExitCode.OK, critique("blue", "red", "--n", "5", "--seed", "3")).get("votes");

    int sum = 0;
    for (JsonNode count : votes) {
      sum += count.asInt();
    }
    assertEquals(5, sum);
  }

  @Test
  void aJudgementWithoutAVerdictHasItsOwnExitCode() throws IOException {
    String[] critique = critique("purple", "blue", "--max-new-tokens", "2");

    assertEquals(ExitCode.NO_VERDICT, krites(critique), err());
    assertTrue(out().strip().endsWith("verdict: no verdict can be read"), out());
    JsonNode document = json(ExitCode.NO_VERDICT, critique);

    assertTrue(document.get("verdict").isNull());
    assertEquals(1, document.get("votes").get("unread").asInt());
    assertEquals("length", document.get("judgements").get(0).get("finish").asText());
  }

  @Test
  void theBestOfFourIsFoundByThreeComparisons() throws IOException {
    String[] best = {
      "best-of-n",
      "--image",
      picture(3),
      "--question",
      "which color does the triangle have?",
      "--n",
      "4",
      "--both-orders",
      "--max-new-tokens",
      "40"
    };

    assertEquals(ExitCode.OK, krites(best), err());
    String shown = out();
    JsonNode document = json(ExitCode.OK, best);

    assertEquals(
        Set.of(
            "command",
            "model",
            "precision",
            "images",
            "question",
            "judge",
            "think",
            "prompt_tokens",
            "sampling",
            "candidates",
            "rounds",
            "winner",
            "answer",
            "comparisons",
            "judge_calls",
            "judge_tokens",
            "load_seconds"),
        names(document));
    assertEquals(0.9, document.get("sampling").get("temperature").asDouble());
    assertEquals(4, document.get("candidates").size());
    assertEquals(2, document.get("rounds").size());
    List<JsonNode> matches = new ArrayList<>();
    document.get("rounds").forEach(round -> round.get("matches").forEach(matches::add));
    assertEquals(3, matches.size());
    assertEquals(3, document.get("comparisons").asInt());
    assertEquals(6, document.get("judge_calls").asInt(), "each pair in both orders");
    Set<Integer> left = new HashSet<>(List.of(1, 2, 3, 4));
    for (JsonNode match : matches) {
      int winner = match.get("winner").asInt();
      int first = match.get("first").asInt();
      int second = match.get("second").asInt();
      assertTrue(left.contains(first) && left.contains(second), match.toString());
      assertTrue(winner == first || winner == second, match.toString());
      assertTrue(left.remove(winner == first ? second : first));
      String verdict = match.get("verdict").asText("null");
      assertEquals(!verdict.equals("1") && !verdict.equals("2"), match.get("by_coin").asBoolean());
      assertEquals(2, match.get("judgements").size());
    }
    assertEquals(Set.of(document.get("winner").asInt()), left);
    String answer =
        document.get("candidates").get(document.get("winner").asInt() - 1).get("text").asText();
    assertEquals(answer, document.get("answer").asText());
    assertTrue(shown.contains("== round 2 =="), shown);
    assertTrue(
        shown.strip().endsWith("== winner: candidate " + document.get("winner") + " ==\n" + answer),
        shown);
  }

  @Test
  void anotherModelJudgesAndOneCandidateNeedsNoJudge() throws IOException {
    JsonNode one =
        json(ExitCode.OK, "best-of-n", "--question", QUESTION, "--n", "1", "--max-new-tokens", "4");
    assertEquals(1, one.get("winner").asInt());
    assertEquals(0, one.get("rounds").size());

    JsonNode judged =
        json(
            ExitCode.OK,
            "best-of-n",
            "--image",
            picture(1),
            "--question",
            QUESTION,
            "--n",
            "2",
            "--no-think",
            "--judge",
            MODEL.toString(),
            "--max-new-tokens",
            "40");
    assertEquals(1, judged.get("judge_calls").asInt());
    assertEquals(MODEL.toString(), judged.get("judge").asText());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      textBlock =
          """
          ask --question what? --image {}/nowhere.png | --image {}/nowhere.png: there is no such file
          ask --question what? --image {} | --image {}: expected a file
          ask --question what? --image {}/words.png | {}/words.png: expected a
          ask --question what? --n 0 | --n 0: expected at least 1
          ask --question what? --n 2 --temperature 0 | --temperature 0 gives the same response 2 times; name a temperature above 0, or leave --n at 1
          ask --question what? --temperature -1 | temperature -1.0 is not a number of at least 0
          ask --question what? --top-p 2 | top-p 2.0 is not in (0, 1]
          ask --question what? --max-new-tokens 0 | max new tokens 0 is below 1
          ask --question what? --threads 0 | --threads 0: expected at least 1
          ask --question what? --max-pixels -1 | --max-pixels -1: expected at least 0 (0 is no limit)
          ask --question what? --precision f16 | Invalid value for option '--precision'
          ask --question what? --question-file {}/question.txt | expected either --question TEXT or --question-file FILE (- for standard input)
          ask | expected either --question TEXT or --question-file FILE (- for standard input)
          ask --question-file {}/blank.txt | --question-file {}/blank.txt is blank
          ask --question-file {}/nowhere.txt | --question-file {}/nowhere.txt: there is no such file
          ask --question-file {}/long.txt | the prompt has
          ask --question <image>? | the question has 1 <image> for 0 images; expected one for each image, or none at all
          critique --question what? --response-1 a | expected either --response-2 TEXT or --response-2-file FILE (- for standard input)
          critique --question what? --response-1 a --response-2 <image> | the second response contains <image>, which is put before the question by itself
          critique --question what? --response-1 <~image_pad~> --response-2 b | the prompt cannot be read: 1 image pads in the prompt for 0 images
          critique --question what? --response-1-file {}/long.txt --response-2 b | the prompt has
          best-of-n --question what? | Missing required option: '--n=N'
          best-of-n --question what? --n 0 | --n 0: expected at least 1
          best-of-n --question what? --n 4 --temperature 0 | --temperature 0 gives the same response 4 times
          best-of-n --question what? --n 4 --judge {}/nowhere | model directory {}/nowhere does not exist
          """)
  void badInputIsOneLineAndExitCodeTwo(String line, String message) {
    assertEquals(
        ExitCode.INPUT,
        krites(line.replace("{}", folder.toString()).replace('~', '|').split(" ")),
        out());

    assertEquals("", out());
    assertEquals(1, err().lines().count(), err());
    String expected = "krites: " + message.replace("{}", folder.toString());
    assertTrue(err().startsWith(expected), err() + " is not " + expected);
  }

  @Test
  void aMissingModelIsBadInput() {
    int code = main("ask", "--model", "nowhere", "--question", "what?");

    assertEquals(ExitCode.INPUT, code);
    assertEquals("krites: model directory nowhere does not exist", err().strip());
    assertEquals(ExitCode.INPUT, main("ask", "--question", "what?"));
    assertTrue(err().contains("Missing required option: '--model=DIR'"), err());
  }

  private String[] critique(String first, String second, String... more) {
    String[] common = {
      "critique",
      "--image",
      picture(1),
      "--question",
      QUESTION,
      "--response-1",
      first,
      "--response-2",
      second
    };
    return with(common, more);
  }

  private static String[] with(String[] arguments, String... more) {
    return Stream.concat(Arrays.stream(arguments), Arrays.stream(more)).toArray(String[]::new);
  }

  private static String picture(int index) {
    return file("picture-" + index + ".png");
  }

  private static String file(String name) {
    return folder.resolve(name).toString();
  }

  /** Runs a verb with {@code --json}; standard output must be one document and nothing else. */
  private JsonNode json(int code, String... args) throws IOException {
    out.reset();
    assertEquals(code, krites(with(args, "--json")), err());
    ObjectMapper strict =
        new ObjectMapper()
            .enable(com.fasterxml.jackson.databind.DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
    return strict.readTree(out());
  }

  private static JsonNode withoutTimes(JsonNode document) {
    ObjectNode copy = document.deepCopy();
    copy.remove("load_seconds");
    copy.get("responses").forEach(response -> ((ObjectNode) response).remove("seconds"));
    return copy;
  }

  private static Set<String> names(JsonNode object) {
    Set<String> names = new HashSet<>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }

  private int krites(String... args) {
    boolean threads = List.of(args).contains("--threads");
    return main(with(threads ? args : with(args, "--threads", "1"), "--model", MODEL.toString()));
  }

  private int main(String... args) {
    return Main.run(
        Main.Verbs.real(), new PrintStream(out, true), new PrintStream(err, true), args);
  }

  private String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private String err() {
    return err.toString(StandardCharsets.UTF_8);
  }
}
