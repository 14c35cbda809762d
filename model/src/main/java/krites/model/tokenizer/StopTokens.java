package krites.model.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import krites.model.safetensors.CheckpointException;

/**
 * The tokens that end a response.
 *
 * @param ids at least one
 */
public record StopTokens(Set<Integer> ids) {
  private static final String KEY = "eos_token_id";

  public StopTokens {
    ids = Set.copyOf(ids);
    if (ids.isEmpty()) {
      throw new IllegalArgumentException("no stop token");
    }
  }

  /**
   * Reads {@code eos_token_id}, a number or a list, from {@code generation_config.json}, or, where
   * that says nothing, from {@code config.json} (there also inside {@code text_config}, as newer
   * writers do).
   *
   * @throws CheckpointException if neither file names a stop token
   */
  public static StopTokens load(Path modelDirectory) {
    Path config = modelDirectory.resolve("config.json");
    for (Path file : List.of(modelDirectory.resolve("generation_config.json"), config)) {
      if (Files.exists(file)) {
        JsonNode root = TokenizerFiles.tree(file);
        for (JsonNode value : List.of(root.path(KEY), root.path("text_config").path(KEY))) {
          if (!value.isMissingNode() && !value.isNull()) {
            return parse(file, value);
          }
        }
      }
    }
    throw CheckpointException.mismatch(
        modelDirectory, KEY, "a token id in generation_config.json or config.json", "none");
  }

  private static StopTokens parse(Path file, JsonNode value) {
    Set<Integer> ids = new TreeSet<>();
    for (JsonNode id : value.isArray() ? value : List.of(value)) {
      if (!id.isInt() || id.intValue() < 0) {
        throw CheckpointException.mismatch(
            file, KEY, "a token id or a list of them", Texts.shown(value.toString()));
      }
      ids.add(id.intValue());
    }
    if (ids.isEmpty()) {
      throw CheckpointException.mismatch(
          file, KEY, "a token id or a list of them", "an empty list");
    }
    return new StopTokens(ids);
  }

  /** Whether the token ends a response. */
  public boolean contains(int id) {
    return ids.contains(id);
  }
}
