package krites.app.answer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What a model directory says about sampling. */
final class GenerationDefaults {
  /**
   * Below this the samples of any model are all the same. The published Qwen2.5-VL says 1e-6, which
   * means greedy.
   */
  private static final double GREEDY_BELOW = 0.1;

  /** The temperature of training, where a file means greedy or says nothing. */
  private static final double TRAINED = 1;

  private GenerationDefaults() {}

  /**
   * The temperature for several responses: that of {@code generation_config.json}, or 1 where it
   * says nothing, or one that makes all responses equal.
   */
  static double temperature(Path directory) {
    Path file = directory.resolve("generation_config.json");
    if (!Files.exists(file)) {
      return TRAINED;
    }
    try {
      JsonNode root = new ObjectMapper().readTree(Files.readAllBytes(file));
      double found = root.path("temperature").asDouble(TRAINED);
      boolean samples = root.path("do_sample").asBoolean(true);
      return samples && found >= GREEDY_BELOW ? found : TRAINED;
    } catch (IOException e) {
      throw new UncheckedIOException(file + " cannot be read: " + e.getMessage(), e);
    }
  }
}
