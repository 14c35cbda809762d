package krites.data.shapes;

import java.util.Locale;
import java.util.Optional;

/**
 * Disjoint parts of the world. A scene belongs to exactly one of them, whatever the seed: 80, 10
 * and 10 per cent.
 */
public enum Split {
  TRAIN,
  VALIDATION,
  TEST;

  private final String word = name().toLowerCase(Locale.ROOT);

  /** Lower-case name, as in image names. */
  public String word() {
    return word;
  }

  /** The part a scene belongs to. */
  public static Split of(Scene scene) {
    long tenth = Long.remainderUnsigned(scene.fingerprint(), 10);
    if (tenth < 8) {
      return TRAIN;
    }
    return tenth == 8 ? VALIDATION : TEST;
  }

  /** The part of a lower-case name. */
  static Optional<Split> named(String word) {
    for (Split split : values()) {
      if (split.word.equals(word)) {
        return Optional.of(split);
      }
    }
    return Optional.empty();
  }
}
