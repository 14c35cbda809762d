package krites.model.tokenizer;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.safetensors.CheckpointException;

/** What a tokenizer must have to be the one that a model was trained with. */
record TokenizerFit(Path modelDirectory, Qwen25VlConfig config, StopTokens stops) {
  private static final String PLACE = "tokenizer of another model";

  /**
   * Compares the ids of special tokens.
   *
   * @throws CheckpointException if the added tokens are not those that the configuration means
   */
  void requireSpecial(List<AddedToken> added) {
    requireSame(added, "image_token_id", ChatTemplate.IMAGE_PAD, config.imageToken());
    requireSame(
        added, "vision_start_token_id", ChatTemplate.VISION_START, config.visionStartToken());
    requireSame(added, "vision_end_token_id", ChatTemplate.VISION_END, config.visionEndToken());
    if (config.videoToken() >= 0) {
      requireSame(added, "video_token_id", ChatTemplate.VIDEO_PAD, config.videoToken());
    }
    Map<Integer, AddedToken> byId = new HashMap<>();
    added.forEach(token -> byId.put(token.id(), token));
    for (int stop : stops.ids()) {
      AddedToken token = byId.get(stop);
      if (token == null || !token.special()) {
        throw CheckpointException.mismatch(
            modelDirectory,
            PLACE,
            "a special token for eos_token_id " + stop,
            token == null ? "none of that id" : Texts.shown(token.content()));
      }
    }
  }

  private void requireSame(List<AddedToken> added, String key, String content, int id) {
    for (AddedToken token : added) {
      if (token.content().equals(content)) {
        if (token.id() == id) {
          return;
        }
        throw CheckpointException.mismatch(
            modelDirectory, PLACE, expected(key, content, id), "it at " + token.id());
      }
    }
    throw CheckpointException.mismatch(
        modelDirectory, PLACE, expected(key, content, id), "no such token");
  }

  private static String expected(String key, String content, int id) {
    return content + " at " + key + " " + id + " of config.json";
  }

  /** Compares the number of ids with that of the embeddings. */
  void requireSize(int size) {
    if (size > config.vocabulary()) {
      throw CheckpointException.mismatch(
          modelDirectory,
          PLACE,
          "ids below vocab_size " + config.vocabulary() + " of config.json",
          size + " tokens");
    }
  }
}
