package krites.data;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import krites.data.format.DatasetFormat;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Ten kinds of damage to a row of every format: four to its line and six to its cells. Each is told
 * with file, row and what was expected, ends the reading or costs that row, as wanted.
 */
final class DamagedRowsTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** A change of a row: the place, as a pointer, what stands there then, what is said. */
  record Damage(String pointer, String value, String expected) {}

  /** A sound row of a format, and six ways to damage its cells. */
  record Case(String format, String row, List<Damage> cells) {
    @Override
    public String toString() {
      return format;
    }
  }

  @TempDir Path folder;
  private Path file;

  @BeforeEach
  void makeAPicture() throws IOException {
    Files.write(folder.resolve("p.png"), new byte[] {(byte) 0x89, 'P', 'N', 'G', 1});
    Files.writeString(folder.resolve("p.txt"), "no picture at all");
    file = folder.resolve("rows.jsonl");
  }

  @ParameterizedTest
  @MethodSource("cases")
  void tenKindsOfDamageGiveTenClearErrors(Case format) throws IOException {
    JsonNode good = JSON.readTree(format.row());
    assertTrue(prompts(good, format) > 0);
    List<String> said = new ArrayList<>();
    said.add(
        damaged(
            format,
            good,
            text(good).substring(0, text(good).length() / 2),
            UTF_8,
            "JSON at column"));
    said.add(damaged(format, good, "[1, 2]", UTF_8, "expected a JSON object"));
    said.add(damaged(format, good, "{\"twice\": \"\u00e9\"}", ISO_8859_1, "is not UTF-8"));
    said.add(damaged(format, good, text(good) + "}", UTF_8, "not JSON"));
    for (Damage damage : format.cells()) {
      said.add(
          damaged(format, good, text(changed(good.deepCopy(), damage)), UTF_8, damage.expected()));
    }
    assertEquals(10, said.size());
    assertEquals(10, said.stream().distinct().count(), said::toString);
  }

  private static String text(JsonNode row) throws IOException {
    return JSON.writeValueAsString(row);
  }

  private static JsonNode changed(JsonNode row, Damage damage) throws IOException {
    int slash = damage.pointer().lastIndexOf('/');
    JsonNode parent = row.at(damage.pointer().substring(0, slash));
    String key = damage.pointer().substring(slash + 1);
    assertTrue(parent instanceof ObjectNode, damage::toString);
    ObjectNode object = (ObjectNode) parent;
    if (damage.value().isEmpty()) {
      object.remove(key);
    } else {
      object.set(key, JSON.readTree(damage.value()));
    }
    return row;
  }

  private long prompts(JsonNode good, Case format) throws IOException {
    Files.writeString(file, text(good));
    PreferenceDataset alone = read(format, BadRows.STOP);
    assertEquals(
        format.format(),
        DatasetReader.open(file.toString(), Optional.empty())
            .format()
            .name()
            .replace("-pairs", ""));
    return alone.size();
  }

  /** Puts a damaged line between two sound ones; returns what is said of it. */
  private String damaged(Case format, JsonNode good, String line, Charset charset, String expected)
      throws IOException {
    long alone = prompts(good, format);
    try (var out = Files.newOutputStream(file)) {
      out.write((text(good) + "\n").getBytes(UTF_8));
      out.write((line + "\n").getBytes(charset));
      out.write(text(otherId(good.deepCopy())).getBytes(UTF_8));
    }
    String stopped =
        assertThrows(DatasetException.class, () -> read(format, BadRows.STOP), expected)
            .getMessage();
    assertTrue(stopped.startsWith(file + ", line 2: "), stopped);
    assertTrue(stopped.contains(expected), () -> stopped + " lacks " + expected);
    assertTrue(stopped.contains("data.on-bad-row"), stopped);
    PreferenceDataset rest = read(format, BadRows.SKIP);
    assertEquals(2 * alone, rest.size());
    assertEquals(1, rest.counts().bad().rows());
    assertEquals(3, rest.counts().rows());
    String kept = rest.counts().bad().first().getFirst();
    assertTrue(stopped.startsWith(kept), kept);
    return kept;
  }

  private static JsonNode otherId(ObjectNode row) {
    if (row.has("id")) {
      row.put("id", "other");
    }
    return row;
  }

  private static JsonNode otherId(JsonNode row) {
    return otherId((ObjectNode) row);
  }

  private PreferenceDataset read(Case format, BadRows badRows) {
    return PreferenceDataset.read(
        file.toString(),
        new DatasetSettings(
            PromptSettings.of("Box it.", TiePolicy.REFUSE),
            Optional.empty(),
            DatasetFormat.named(format.format()),
            badRows),
        (_, _) -> {});
  }

  private static Damage cell(String pointer, String value, String expected) {
    return new Damage(pointer, value, expected);
  }

  static Stream<Case> cases() {
    String image = "\"image\":\"p.png\"";
    Damage noFile = cell("/image", "\"q.png\"", "which is not a file");
    Damage noImage = cell("/image", "\"p.txt\"", "which is no PNG");
    Damage noPicture = cell("/image", "", "lacks 'image'");
    return Stream.of(
        new Case(
            "krites",
            "{\"id\":\"a\","
                + image
                + ",\"question\":\"q\",\"response_1\":\"x\",\"response_2\":\"y\",\"preference\":1}",
            List.of(
                noFile,
                noImage,
                cell("/image", "", "expected either 'image'"),
                cell("/question", "7", "'question' is 7, expected a text"),
                cell("/response_2", "\"  \"", "expected a text that is not blank"),
                cell("/preference", "\"neither\"", "expected 1, 2, first"))),
        new Case(
            "critic-grpo",
            "{\"id\":\"a\","
                + image
                + ",\"question\":\"<image>Question: [q] Response 1: [x] Response 2: [y]\",\"answer\":\"A\"}",
            List.of(
                noFile,
                noPicture,
                cell(
                    "/image",
                    "{\"bytes\":\"AAAAAAAA\",\"path\":\"p.png\"}",
                    "6 bytes that are no PNG"),
                cell("/question", "null", "lacks 'question'"),
                cell("/question", "\"<image><image> Question: [q]\"", "has 2 <image> for 1 images"),
                cell("/answer", "\"C\"", "'answer' is \"C\", expected 1, 2"))),
        new Case(
            "llava-critic",
            "{\"id\":\"a\","
                + image
                + ",\"conversations\":[{\"from\":\"human\",\"value\":\"<image> Question: [q] The first response: [x] The second response: [y]\"},{\"from\":\"gpt\",\"value\":\"Because. The better response: [first]\"}]}",
            List.of(
                noFile,
                noPicture,
                cell("/image", "3", "expected bytes of an image or the path of one"),
                cell("/conversations", "\"none\"", "'conversations' is \"none\", expected a list"),
                cell("/conversations", "[]", "expected two turns {from, value}"),
                cell("/id", "[1]", "'id' is [1], expected a text or a whole number"))),
        new Case(
            "rlhf-v",
            "{\"idx\":1,\"ds_name\":\"d\","
                + image
                + ",\"text\":\"{\\\"question\\\":\\\"q\\\",\\\"chosen\\\":\\\"x\\\",\\\"rejected\\\":\\\"y\\\"}\"}",
            List.of(
                noFile,
                cell("/image", "", "lacks 'image' or 'image_path'"),
                cell("/text", "\"{\"", "expected a text that is JSON"),
                cell("/text", "\"[1]\"", "'text' is [1], expected an object"),
                cell("/text", "\"{}\"", "'text' lacks 'question'"),
                cell(
                    "/text",
                    "{\"question\":\"q\",\"chosen\":5,\"rejected\":\"y\"}",
                    "'text.chosen' is 5"))),
        new Case(
            "rlaif-v",
            "{\"idx\":1," + image + ",\"question\":\"q\",\"chosen\":\"x\",\"rejected\":\"y\"}",
            List.of(
                noFile,
                noImage,
                noPicture,
                cell("/question", "\"<image> \"", "'question' is \"<image> \", expected a text"),
                cell("/chosen", "null", "lacks 'chosen'"),
                cell("/rejected", "[]", "'rejected' is [], expected a text"))),
        new Case(
            "vlfeedback",
            "{\"id\":\"a\",\"img_path\":\"p.png\",\"prompt\":\"q\",\"completions\":["
                + rated("m", 5)
                + ","
                + rated("n", 3)
                + "]}",
            List.of(
                cell("/img_path", "\"q.png\"", "which is not a file"),
                cell("/img_path", "", "lacks 'image' or 'img_path'"),
                cell("/prompt", "", "lacks 'prompt'"),
                cell("/completions", "{}", "'completions' is {}, expected a list"),
                cell(
                    "/completions",
                    "[{\"response\":\"x\"}]",
                    "expected an object with 'annotations'"),
                cell("/completions/0/response", "9", "'completions.response' is 9"))),
        new Case(
            "r1-reward",
            "{\"id\":\"a\",\"message\":\"[{\\\"role\\\":\\\"user\\\",\\\"content\\\":[{\\\"type\\\":\\\"image\\\",\\\"image\\\":\\\"p.png\\\"},{\\\"type\\\":\\\"text\\\",\\\"text\\\":\\\"Question: [q] Response 1: [x] Response 2: [y]\\\"}]}]\",\"answer\":[\"<answer>2</answer>\"]}",
            List.of(
                cell("/message", "", "lacks 'message'"),
                cell(
                    "/message",
                    "\"hello\"",
                    "'message' is \"hello\", expected a text that is JSON"),
                cell("/message", "\"{}\"", "expected a chat: a list"),
                cell("/message", "\"[]\"", "a turn of the user with a text"),
                cell(
                    "/message",
                    "[{\"role\":\"user\",\"content\":[{\"type\":\"sound\"}]}]",
                    "a part of type text or image"),
                cell("/answer", "[\"<answer>3</answer>\"]", "expected [\"<answer>1</answer>\"]"))),
        new Case(
            "vl-rewardbench",
            "{\"id\":\"a\","
                + image
                + ",\"query\":\"q\",\"response\":[\"x\",\"y\"],\"human_ranking\":[1,0]}",
            List.of(
                noFile,
                noPicture,
                cell("/query", "{}", "'query' is {}, expected a text"),
                cell("/response", "[\"x\"]", "expected two responses"),
                cell("/response", "[\"x\",null]", "'response[1]' is null, expected a text"),
                cell("/human_ranking", "[1,1]", "expected [0, 1] or [1, 0]"))),
        new Case(
            "chosen-rejected",
            "{\"id\":\"a\"," + image + ",\"prompt\":\"q\",\"chosen\":\"x\",\"rejected\":\"y\"}",
            List.of(
                noFile,
                noImage,
                noPicture,
                cell("/prompt", "\"\"", "'prompt' is \"\", expected a text that is not blank"),
                cell("/chosen", "1.5", "'chosen' is 1.5, expected a text"),
                cell("/rejected", "", "lacks 'rejected'"))),
        new Case(
            "multimodal-rewardbench",
            "{\"ID\":\"a\",\"Category\":\"safety\",\"Image\":\"p.png\",\"Text\":\"q\",\"Output1\":\"x\",\"Output2\":\"y\",\"Better\":\"Output2\"}",
            List.of(
                cell("/Image", "\"q.png\"", "which is not a file"),
                cell("/Image", "", "lacks 'Image'"),
                cell("/Text", "", "lacks 'Text'"),
                cell("/Output1", "true", "'Output1' is true, expected a text"),
                cell("/Better", "\"output2\"", "expected Output1 or Output2"),
                cell("/ID", "1.5", "'ID' is 1.5"))),
        new Case(
            "wildvision",
            "{\"question_id\":\"a\",\"games\":[{\"user_prompt\":[{\"type\":\"text\",\"text\":\"<|User Prompt|>\\nq\\n<|The Start of Assistant A's Answer|>x<|The End of Assistant A's Answer|><|The Start of Assistant B's Answer|>y<|The End of Assistant B's Answer|>\"},{\"type\":\"image\",\"image\":\"p\"}],\"score\":\"A>B\"}]}",
            List.of(
                cell("/question_id", "{}", "'question_id' is {}"),
                cell("/games", "7", "'games' is 7, expected a list"),
                cell("/games/0/score", "\"A>C\"", "'games.score' is \"A>C\", expected A>>B"),
                cell("/games/0/user_prompt", "\"q\"", "expected a list of text and image parts"),
                cell(
                    "/games/0/user_prompt",
                    "[{\"type\":\"text\",\"text\":\"q\"}]",
                    "expected answers between"),
                cell(
                    "/games/0/user_prompt",
                    "[{\"type\":\"image\",\"image\":4}]",
                    "'games.image' is 4"))),
        new Case(
            "mllm-judge",
            "{\"id\":1,\"image_path\":\"p.png\",\"instruction\":\"q\",\"answer1\":{\"name\":\"m\",\"answer\":\"x\"},\"answer2\":{\"name\":\"n\",\"answer\":\"y\"},\"human_answer\":\"B\"}",
            List.of(
                cell("/image_path", "\"q.png\"", "which is not a file"),
                cell("/image_path", "null", "lacks 'image' or 'image_path'"),
                cell("/instruction", "[]", "'instruction' is [], expected a text"),
                cell("/answer1", "null", "lacks 'answer1'"),
                cell("/answer2/answer", "0", "'answer2.answer' is 0"),
                cell("/human_answer", "\"D\"", "expected A, B, or C for a tie"))),
        new Case(
            "easyr1",
            "{\"id\":\"a\",\"images\":[\"p.png\"],\"problem\":\"<image> q\",\"answer\":\"7\"}",
            List.of(
                cell("/images", "[\"q.png\"]", "which is not a file"),
                cell("/images", "[\"p.txt\"]", "which is no PNG"),
                cell("/images", "[\"p.png\",\"p.png\"]", "has 1 <image> for 2 images"),
                cell("/problem", "5", "'problem' is 5, expected a text"),
                cell("/answer", "null", "lacks 'answer'"),
                cell("/answer", "{}", "'answer' is {}, expected a text"))),
        new Case(
            "mathvista",
            "{\"pid\":\"a\","
                + image
                + ",\"question\":\"q\",\"question_type\":\"free_form\",\"answer_type\":\"integer\",\"answer\":\"7\"}",
            List.of(
                noFile,
                noImage,
                noPicture,
                cell("/question", "\" \"", "'question' is \" \""),
                cell("/answer", "null", "lacks 'answer'"),
                cell("/pid", "{}", "'pid' is {}"))),
        new Case(
            "nlvr",
            "{\"identifier\":\"a\",\"images\":[\"p.png\"],\"sentence\":\"s\",\"label\":\"true\"}",
            List.of(
                cell("/images", "[\"q.png\"]", "which is not a file"),
                cell("/images", "[5]", "'images' is 5, expected bytes"),
                cell("/images", "", "which is not a file"),
                cell("/sentence", "null", "lacks 'sentence'"),
                cell("/label", "\"maybe\"", "'label' is \"maybe\", expected true or false"),
                cell("/identifier", "{}", "'identifier' is {}"))),
        new Case(
            "shapeworld",
            "{\"set\":\"s\",\"world\":0,"
                + image
                + ",\"captions\":[{\"text\":\"c\",\"agreement\":1.0},{\"text\":\"d\",\"agreement\":0.0}]}",
            List.of(
                noFile,
                noPicture,
                cell("/captions", "\"c\"", "'captions' is \"c\", expected a list"),
                cell("/captions/0/text", "1", "'captions.text' is 1"),
                cell(
                    "/captions/1/agreement",
                    "0.5",
                    "'captions.agreement' is 0.5, expected 1.0 or 0.0"),
                cell("/world", "[]", "'world' is []"))));
  }

  private static String rated(String model, int rating) {
    return "{\"model\":\""
        + model
        + "\",\"response\":\""
        + model
        + "\",\"annotations\":{\"Helpfulness\":{\"Rating\":\""
        + rating
        + "\"}}}";
  }
}
