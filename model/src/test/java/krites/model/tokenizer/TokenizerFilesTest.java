package krites.model.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import krites.model.safetensors.CheckpointException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizerFilesTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path directory;

  @Test
  void bothFormsGiveTheIdsOfThePublishedCases() throws IOException {
    Files.write(directory.resolve("tokenizer.json"), TokenizerFiles.read(GoldenTexts.QWEN).json());
    Files.copy(
        GoldenTexts.QWEN.resolve("tokenizer_config.json"),
        directory.resolve("tokenizer_config.json"));
    for (Path form : List.of(GoldenTexts.QWEN, directory)) {
      try (Tokenizer tokenizer = Tokenizer.load(form)) {
        assertEquals(151_665, tokenizer.size());
        for (String file :
            List.of(
                "llamacpp_qwen2.jsonl",
                "hf_integration.json",
                "multilingual.jsonl",
                "special_and_unicode.jsonl",
                "prefix_decode.jsonl")) {
          List<JsonNode> rows = GoldenTexts.rows("tokenizer-golden", file);
          assertFalse(rows.isEmpty(), file);
          for (JsonNode row : rows) {
            check(tokenizer, row);
          }
        }
      }
    }
  }

  private static void check(Tokenizer tokenizer, JsonNode row) {
    int[] ids = GoldenTexts.ids(row.get("ids"));
    assertArrayEquals(ids, tokenizer.encode(row.get("text").textValue()), row.toString());
    if (row.has("decoded_keep_special")) {
      assertEquals(row.get("decoded_keep_special").textValue(), tokenizer.decode(ids, false));
      assertEquals(row.get("decoded_skip_special").textValue(), tokenizer.decode(ids, true));
    }
    for (int i = 0; i < row.path("tokens").size(); i++) {
      assertEquals(row.get("tokens").get(i).textValue(), tokenizer.tokenOf(ids[i]));
    }
  }

  @Test
  void theFirstLineOfTheMergesMayBeAVersionAndNoOtherLine() throws IOException {
    TinyTokenizer.writeParts(directory);
    int[] ids;
    try (Tokenizer tokenizer = Tokenizer.load(directory)) {
      ids = tokenizer.encode("hello hell");
    }
    Path merges = directory.resolve("merges.txt");
    Files.writeString(merges, "#version: 0.2\r\n" + Files.readString(merges).replace("\n", "\r\n"));
    try (Tokenizer tokenizer = Tokenizer.load(directory)) {
      assertArrayEquals(ids, tokenizer.encode("hello hell"));
    }
    Files.writeString(merges, "h e\n#version: 0.2\n");
    assertRefused("merges.txt", "merge 2 of 2", "#version:");
  }

  @Test
  void aFileThatIsMissingOrNotWhatItsNameSaysIsNamed() throws IOException {
    assertRefused("tokenizer: expected tokenizer.json, or vocab.json and merges.txt");
    TinyTokenizer.writeParts(directory);
    damage("vocab.json", "{\"a\": 0", "vocab.json: file: expected valid JSON");
    damage("vocab.json", "[]", "vocab.json: file: expected a JSON object");
    damage("vocab.json", "{\"a\": \"b\"}", "vocab.json: vocabulary.a: expected a whole number");
    damage(
        "vocab.json", "{\"a\": 0, \"a\": 1}", "vocab.json: vocabulary.a: expected one of its kind");
    damage("vocab.json", "{\"a\": 1}", "vocab.json: id of token a: expected 0 to 0, seen 1");
    damage("vocab.json", "{\"a\": 0, \"b\": 0}", "vocab.json: id of token", "0 twice");
    damage("vocab.json", "{\"a\": 0}", "vocab.json: vocabulary: expected a token for each byte");
    damage("vocab.json", "{\"\u4e2d\": 0}", "vocab.json: token 0: expected the letters of bytes");
    damage("merges.txt", "h e\nhe\n", "merges.txt: line 2: expected two tokens");
    damage("merges.txt", "h q\n", "merges.txt: merge 1 of 1", "seen hq");
    damage("tokenizer_config.json", "{\"added_tokens_decoder\": []}", "added_tokens_decoder");
    damage("tokenizer_config.json", "{", "tokenizer_config.json: file: expected valid JSON");
    damage(
        "tokenizer_config.json",
        "{\"added_tokens_decoder\": {\"300\": {\"content\": \"<x>\"}}}",
        "tokenizer_config.json: added token <x>: expected id 260, seen 300");
    damage(
        "tokenizer_config.json",
        "{\"added_tokens_decoder\": {\"260\": {\"content\": \"<x>\", \"special\": 1}}}",
        "added_tokens_decoder.260.special: expected true or false");
    Files.delete(directory.resolve("merges.txt"));
    assertRefused("merges.txt: file", "no such file");
  }

  @Test
  void aWholeFileOfAnotherFamilyIsRefused() throws IOException {
    mutate(root -> root.remove("model"), "model: expected an object, seen nothing");
    mutate(root -> root.putNull("normalizer"), "normalizer: expected NFC");
    mutate(root -> root.with("decoder").put("type", "Metaspace"), "decoder: expected ByteLevel");
    mutate(root -> root.with("model").put("type", "Unigram"), "model.type");
    mutate(root -> root.with("model").put("dropout", 0.1), "model.dropout");
    mutate(root -> root.with("model").put("byte_fallback", true), "model.byte_fallback");
    mutate(root -> root.with("model").put("new_setting", 1), "model.new_setting");
    mutate(root -> root.with("model").remove("merges"), "model.merges: expected a value");
    mutate(root -> ((ArrayNode) root.get("model").get("merges")).add("h  e"), "model.merges[4]");
    mutate(root -> root.with("model").with("vocab").put("zz", 7), "id of token");
    mutate(
        root ->
            ((ObjectNode) root.get("pre_tokenizer").get("pretokenizers").get(0).get("pattern"))
                .put("Regex", "(a+)+$"),
        "pre_tokenizer.pretokenizers[0]: expected the split pattern of Qwen2");
    mutate(root -> ((ObjectNode) root.get("added_tokens").get(1)).put("id", 7), "added token");
    Files.writeString(directory.resolve("tokenizer.json"), "{\"model\": ");
    assertRefused("tokenizer.json: file: expected valid JSON");
  }

  @Test
  void mergesMayBeListsOfTwo() throws IOException {
    TinyTokenizer.write(directory);
    ObjectNode root = (ObjectNode) JSON.readTree(directory.resolve("tokenizer.json").toFile());
    ArrayNode pairs = JSON.createArrayNode();
    for (JsonNode merge : root.get("model").get("merges")) {
      String[] pair = merge.textValue().split(" ");
      pairs.addArray().add(pair[0]).add(pair[1]);
    }
    root.with("model").set("merges", pairs);
    JSON.writeValue(directory.resolve("tokenizer.json").toFile(), root);
    try (Tokenizer tokenizer = Tokenizer.load(directory)) {
      assertArrayEquals(new int[] {TinyTokenizer.HELLO}, tokenizer.encode("hello"));
    }
  }

  @Test
  void addedTokensOfTheSettingsMustBeThoseOfTheWholeFile() throws IOException {
    TinyTokenizer.write(directory);
    Files.writeString(
        directory.resolve("tokenizer_config.json"),
        "{\"added_tokens_decoder\": {\"261\": {\"content\": \"<|im_end|>\", \"special\": true}}}");
    assertRefused(
        "tokenizer_config.json: added_tokens_decoder.261: expected special <|im_start|>,"
            + " seen special <|im_end|>");
  }

  private void mutate(Consumer<ObjectNode> change, String said) throws IOException {
    TinyTokenizer.write(directory);
    Path file = directory.resolve("tokenizer.json");
    ObjectNode root = (ObjectNode) JSON.readTree(file.toFile());
    change.accept(root);
    JSON.writeValue(file.toFile(), root);
    assertRefused("tokenizer.json", said);
  }

  private void damage(String name, String content, String... said) throws IOException {
    Path file = directory.resolve(name);
    String before = Files.readString(file);
    Files.writeString(file, content);
    assertRefused(said);
    Files.writeString(file, before);
  }

  private void assertRefused(String... said) {
    CheckpointException e =
        assertThrows(CheckpointException.class, () -> Tokenizer.load(directory).close());
    for (String part : said) {
      assertTrue(e.getMessage().contains(part), () -> part + " in: " + e.getMessage());
    }
    assertEquals(1, e.getMessage().lines().count());
  }
}
