package krites.model.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Writes a byte-level BPE {@code tokenizer.json} in the published layout: 256 bytes, four merges,
 * added tokens.
 */
final class TinyTokenizer {
  static final List<String> ADDED =
      List.of(
          "<|endoftext|>",
          "<|im_start|>",
          "<|im_end|>",
          "<|vision_start|>",
          "<|vision_end|>",
          "<|image_pad|>");
  private static final List<String> MERGES = List.of("h e", "l l", "he ll", "hell o");

  private TinyTokenizer() {}

  /** The id of "hello": after 256 bytes and three shorter merges. */
  static final int HELLO = 259;

  /** The id of the first added token. */
  static final int FIRST_ADDED = 260;

  static void write(Path directory) throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode root = mapper.createObjectNode().put("version", "1.0");
    ArrayNode added = root.putArray("added_tokens");
    for (int i = 0; i < ADDED.size(); i++) {
      ObjectNode token = added.addObject().put("id", FIRST_ADDED + i).put("content", ADDED.get(i));
      token.put("single_word", false).put("lstrip", false).put("rstrip", false);
      token.put("normalized", false).put("special", true);
    }
    root.putObject("normalizer").put("type", "NFC");
    ArrayNode steps =
        root.putObject("pre_tokenizer").put("type", "Sequence").putArray("pretokenizers");
    ObjectNode split =
        steps.addObject().put("type", "Split").put("behavior", "Isolated").put("invert", false);
    split.putObject("pattern").put("Regex", TokenizerParts.SPLIT);
    byteLevel(steps.addObject());
    byteLevel(root.putObject("decoder"));
    ObjectNode model = root.putObject("model").put("type", "BPE");
    ObjectNode vocab = model.putObject("vocab");
    for (int value = 0; value < 256; value++) {
      vocab.put(Character.toString(ByteLetters.letterOf(value)), value);
    }
    MERGES.forEach(merge -> vocab.put(merge.replace(" ", ""), vocab.size()));
    MERGES.forEach(model.putArray("merges")::add);
    Files.write(directory.resolve("tokenizer.json"), mapper.writeValueAsBytes(root));
  }

  /** Writes the same tokenizer as {@code vocab.json}, {@code merges.txt} and settings. */
  static void writeParts(Path directory) throws IOException {
    write(directory);
    Path whole = directory.resolve("tokenizer.json");
    ObjectMapper mapper = new ObjectMapper();
    JsonNode root = mapper.readTree(whole.toFile());
    mapper.writeValue(directory.resolve("vocab.json").toFile(), root.get("model").get("vocab"));
    Files.writeString(directory.resolve("merges.txt"), String.join("\n", MERGES) + "\n");
    ObjectNode added = mapper.createObjectNode();
    for (JsonNode token : root.get("added_tokens")) {
      added.set(token.get("id").asText(), ((ObjectNode) token.deepCopy()).without("id"));
    }
    ObjectNode config = mapper.createObjectNode();
    config.set("added_tokens_decoder", added);
    mapper.writeValue(directory.resolve("tokenizer_config.json").toFile(), config);
    Files.delete(whole);
  }

  private static void byteLevel(ObjectNode node) {
    node.put("type", "ByteLevel")
        .put("add_prefix_space", false)
        .put("trim_offsets", false)
        .put("use_regex", false);
  }
}
