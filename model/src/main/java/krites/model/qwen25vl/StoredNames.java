package krites.model.qwen25vl;

import java.util.Optional;
import krites.model.safetensors.SafetensorsCheckpoint;
import krites.model.safetensors.TensorEntry;

/**
 * The two ways in which checkpoints name weights: as published ({@code model.*}, {@code visual.*}),
 * and nested as newer writers do ({@code model.language_model.*}, {@code model.visual.*}).
 */
public final class StoredNames {
  private static final String LANGUAGE = "model.language_model.";
  private static final String VISION = "model.visual.";

  private StoredNames() {}

  /** Finds a weight under its published name, or under the nested one. */
  static Optional<TensorEntry> find(SafetensorsCheckpoint checkpoint, String published) {
    return checkpoint.find(published).or(() -> checkpoint.find(nested(published)));
  }

  private static String nested(String published) {
    if (published.startsWith("visual.")) {
      return "model." + published;
    }
    return published.startsWith("model.")
        ? LANGUAGE + published.substring("model.".length())
        : published;
  }

  /** The published name of what a file calls so. */
  public static String published(String stored) {
    if (stored.startsWith(LANGUAGE)) {
      return "model." + stored.substring(LANGUAGE.length());
    }
    return stored.startsWith(VISION) ? stored.substring("model.".length()) : stored;
  }
}
