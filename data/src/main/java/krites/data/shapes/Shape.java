package krites.data.shapes;

import java.util.Locale;
import java.util.Optional;

/** The shapes of the built-in world; their word in every text is the lower-case name. */
public enum Shape {
  CIRCLE,
  SQUARE,
  TRIANGLE,
  DIAMOND;

  private final String word = name().toLowerCase(Locale.ROOT);

  /** The word for it. */
  public String word() {
    return word;
  }

  /** The word for several. */
  public String plural() {
    return word + "s";
  }

  /** What a confused teacher calls it: a diamond is a square, the others are themselves. */
  Shape confused() {
    return this == DIAMOND ? SQUARE : this;
  }

  /** The other member of its confusable pair, both ways (see {@link Colour#partner()}). */
  Optional<Shape> partner() {
    return switch (this) {
      case DIAMOND -> Optional.of(SQUARE);
      case SQUARE -> Optional.of(DIAMOND);
      case CIRCLE, TRIANGLE -> Optional.empty();
    };
  }

  /**
   * Whether a point lies in the shape, in integers only, so that every machine draws the same
   * picture.
   *
   * @param dx distance to the right of the centre, in any unit
   * @param dy distance below the centre
   * @param half half the side of the bounding box
   */
  boolean contains(int dx, int dy, int half) {
    return switch (this) {
      case CIRCLE -> dx * dx + dy * dy <= half * half;
      case SQUARE -> 8 * Math.abs(dx) <= 7 * half && 8 * Math.abs(dy) <= 7 * half;
      case TRIANGLE -> dy <= half && 2 * Math.abs(dx) <= dy + half;
      case DIAMOND -> Math.abs(dx) + Math.abs(dy) <= half;
    };
  }
}
