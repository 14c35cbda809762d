package krites.model.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import krites.model.safetensors.CheckpointException;

/**
 * A token that is found in a text as a whole, before the text is split.
 *
 * @param special whether a reader of the text need not see it
 * @param singleWord whether it counts only between word boundaries
 * @param lstrip whether it takes the white space before it
 * @param rstrip whether it takes the white space after it
 * @param normalized whether it is looked for in the normalised text
 */
record AddedToken(
    int id,
    String content,
    boolean special,
    boolean singleWord,
    boolean lstrip,
    boolean rstrip,
    boolean normalized) {

  /** The longest published ones have about 30 letters. */
  private static final int LONGEST = 1000;

  /**
   * Reads the object that {@code tokenizer.json} and {@code tokenizer_config.json} have in common.
   *
   * @param place where it stands, for messages
   */
  static AddedToken parse(int id, JsonNode node, Path file, String place) {
    JsonNode content = node.path("content");
    if (!content.isTextual()
        || content.textValue().isEmpty()
        || content.textValue().length() > LONGEST
        || !Texts.isWellFormed(content.textValue())) {
      throw CheckpointException.mismatch(
          file, place, "an object with the text 'content'", Texts.shown(node.toString()));
    }
    return new AddedToken(
        id,
        content.textValue(),
        flag(node, "special", false, file, place),
        flag(node, "single_word", false, file, place),
        flag(node, "lstrip", false, file, place),
        flag(node, "rstrip", false, file, place),
        flag(node, "normalized", true, file, place));
  }

  private static boolean flag(JsonNode node, String key, boolean absent, Path file, String place) {
    JsonNode value = node.path(key);
    if (value.isMissingNode()) {
      return absent;
    }
    if (!value.isBoolean()) {
      throw CheckpointException.mismatch(
          file, place + "." + key, "true or false", Texts.shown(value.toString()));
    }
    return value.booleanValue();
  }
}
