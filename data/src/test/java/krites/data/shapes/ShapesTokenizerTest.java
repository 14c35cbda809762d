package krites.data.shapes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import krites.data.CritiquePrompt;
import krites.grpo.Task;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ShapesTokenizerTest {
  private static final ShapesTokenizer TOKENIZER = ShapesTokenizer.standard();
  private static final int CHAT_TOKENS = 25; // turns, system line, and a picture of four tokens

  @TempDir Path folder;

  @Test
  void everyWordIsOneToken() {
    for (Colour colour : Colour.values()) {
      assertEquals(1, TOKENIZER.count(colour.word()), colour.word());
      assertEquals(1, TOKENIZER.count(" " + colour.word()), colour.word());
    }
    for (Shape shape : Shape.values()) {
      assertEquals(1, TOKENIZER.count(shape.word()), shape.word());
      assertEquals(1, TOKENIZER.count(" " + shape.word()), shape.word());
      assertEquals(1, TOKENIZER.count(" " + shape.plural()), shape.plural());
    }
    List<String> others =
        List.of(
            "yes", " yes", " no", " none", "see", "so", "first", " second", " ]", "?\n", " [", "3");
    for (String word : others) {
      assertEquals(1, TOKENIZER.count(word), word);
    }
    assertEquals(2, TOKENIZER.count("<think>\n"));
    assertEquals(3, TOKENIZER.count("</think>\n"));
    assertEquals(4, TOKENIZER.count("\\boxed{red}"));
    assertEquals(10, TOKENIZER.count(CritiquePrompt.SHORT_INSTRUCTION));
  }

  @Test
  void promptsAndResponsesAreShort() {
    var prompts =
        new ShapesPrompts(
            new ShapesWorld(7, WorldSettings.standard()),
            PairSettings.standard(),
            CritiquePrompt.SHORT_INSTRUCTION);
    var texts =
        new SupervisedShapes(
            prompts, TeacherHabits.none(), new SupervisedShapes.Mixture(1, 1, 1), Split.TRAIN, 300);
    for (int i = 0; i < 300; i++) {
      SupervisedItem policy = texts.item(Task.POLICY, i);
      SupervisedItem critic = texts.item(Task.CRITIC, i);
      assertTrue(CHAT_TOKENS + TOKENIZER.count(words(policy)) < 45, policy.prompt().text());
      assertTrue(CHAT_TOKENS + TOKENIZER.count(words(critic)) < 70, critic.prompt().text());
      assertTrue(TOKENIZER.count(critic.response()) < 60, critic.response());
    }
  }

  @Test
  void unknownWordsFallApartIntoBytesAndBack() {
    assertEquals(2, TOKENIZER.count("\u00e9"));
    assertTrue(TOKENIZER.count("elephant") > 1);
  }

  @Test
  void theFileHoldsADenseVocabulary() throws IOException {
    TOKENIZER.write(folder);
    JsonNode root = new ObjectMapper().readTree(folder.resolve("tokenizer.json").toFile());
    JsonNode vocabulary = root.at("/model/vocab");
    Set<Integer> ids = new HashSet<>();
    vocabulary.forEach(id -> ids.add(id.intValue()));
    for (JsonNode merge : root.at("/model/merges")) {
      String[] parts = merge.textValue().split(" ");
      assertEquals(2, parts.length, merge.textValue());
      assertTrue(
          vocabulary.has(parts[0])
              && vocabulary.has(parts[1])
              && vocabulary.has(parts[0] + parts[1]));
    }
    for (JsonNode added : root.at("/added_tokens")) {
      assertEquals(
          TOKENIZER.addedToken(added.get("content").textValue()), added.get("id").intValue());
      ids.add(added.get("id").intValue());
    }
    assertEquals(22, root.at("/added_tokens").size());
    assertEquals(TOKENIZER.vocabularySize(), ids.size());
    assertEquals(0, ids.stream().min(Integer::compare).orElseThrow());
    assertEquals(TOKENIZER.vocabularySize() - 1, ids.stream().max(Integer::compare).orElseThrow());
    assertEquals(0, TOKENIZER.paddedVocabularySize() % 64);
    assertTrue(TOKENIZER.paddedVocabularySize() >= TOKENIZER.vocabularySize());
  }

  @Test
  void theFilesBesideItAgreeWithIt() throws IOException {
    TOKENIZER.write(folder);
    JsonNode generation = read("generation_config.json");
    assertEquals(TOKENIZER.addedToken("<|im_end|>"), generation.at("/eos_token_id/0").intValue());
    assertEquals(
        TOKENIZER.addedToken("<|endoftext|>"), generation.at("/eos_token_id/1").intValue());
    assertEquals(3136, read("preprocessor_config.json").at("/min_pixels").intValue());
    String template = read("chat_template.json").at("/chat_template").textValue();
    assertTrue(
        template.contains("<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"),
        template);
    assertEquals(template, read("tokenizer_config.json").at("/chat_template").textValue());
    JsonNode added = read("tokenizer_config.json").at("/added_tokens_decoder");
    String image = Integer.toString(TOKENIZER.addedToken("<|image_pad|>"));
    assertEquals("<|image_pad|>", added.get(image).get("content").textValue());
  }

  @Test
  void theTokenizerIsAFunctionOfTheInstruction() throws IOException {
    TOKENIZER.write(folder);
    String once = Files.readString(folder.resolve("tokenizer.json"));
    ShapesTokenizer.standard().write(folder);
    assertEquals(once, Files.readString(folder.resolve("tokenizer.json")));
    var published = ShapesTokenizer.of(CritiquePrompt.PUBLISHED_INSTRUCTION);
    assertEquals(1, published.count(" reasoning"));
    assertThrows(IllegalArgumentException.class, () -> TOKENIZER.addedToken("<think>"));
  }

  private JsonNode read(String name) throws IOException {
    return new ObjectMapper().readTree(folder.resolve(name).toFile());
  }

  private static String words(SupervisedItem item) {
    return item.prompt().text().replace("<image>", "");
  }
}
