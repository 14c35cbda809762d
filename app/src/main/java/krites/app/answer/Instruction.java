package krites.app.answer;

import java.util.Optional;
import krites.data.CritiquePrompt;

/** The last sentence of a prompt: it asks for a layout, or there is none. */
public final class Instruction {
  /** The built-in world's models have a vocabulary of 512; no published one is below 32,000. */
  private static final int WORLD_VOCABULARY_MAX = 1000;

  private Instruction() {}

  /**
   * The instruction for a model.
   *
   * @param named {@code published}, {@code short}, {@code none}, or the sentence itself; empty for
   *     the short one where the vocabulary is that of the built-in world, else the published one
   * @param vocabulary tokens of the model
   */
  public static String of(Optional<String> named, int vocabulary) {
    String chosen = named.orElse(isOfTheWorld(vocabulary) ? "short" : "published");
    return switch (chosen) {
      case "published" -> CritiquePrompt.PUBLISHED_INSTRUCTION;
      case "short" -> CritiquePrompt.SHORT_INSTRUCTION;
      case "none" -> "";
      default -> chosen;
    };
  }

  /** Whether a model is one of the built-in world's. */
  public static boolean isOfTheWorld(int vocabulary) {
    return vocabulary <= WORLD_VOCABULARY_MAX;
  }
}
