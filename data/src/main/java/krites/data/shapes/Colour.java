package krites.data.shapes;

import java.util.Locale;
import java.util.Optional;

/** The colours of the built-in world; their word in every text is the lower-case name. */
public enum Colour {
  RED(220, 40, 40),
  GREEN(40, 160, 60),
  BLUE(40, 80, 220),
  YELLOW(240, 210, 40),
  PURPLE(150, 60, 190),
  ORANGE(245, 140, 30);

  private final String word = name().toLowerCase(Locale.ROOT);
  private final int red;
  private final int green;
  private final int blue;

  Colour(int red, int green, int blue) {
    this.red = red;
    this.green = green;
    this.blue = blue;
  }

  /** The word for it. */
  public String word() {
    return word;
  }

  /** The word with its article: {@code a red}, {@code an orange}. */
  String withArticle() {
    return (this == ORANGE ? "an " : "a ") + word;
  }

  /** What a confused teacher calls it: orange is red, purple is blue, the others are themselves. */
  Colour confused() {
    return switch (this) {
      case ORANGE -> RED;
      case PURPLE -> BLUE;
      case RED, GREEN, BLUE, YELLOW -> this;
    };
  }

  /**
   * The other member of its confusable pair. It goes both ways (red is orange's partner too), so
   * that a tempting wrong value cannot be told from the right one without looking.
   */
  Optional<Colour> partner() {
    return switch (this) {
      case ORANGE -> Optional.of(RED);
      case RED -> Optional.of(ORANGE);
      case PURPLE -> Optional.of(BLUE);
      case BLUE -> Optional.of(PURPLE);
      case GREEN, YELLOW -> Optional.empty();
    };
  }

  /** One channel, 0 to 255: 0 red, 1 green, 2 blue. */
  int channel(int index) {
    return switch (index) {
      case 0 -> red;
      case 1 -> green;
      case 2 -> blue;
      default -> throw new IllegalArgumentException("channel " + index + " is not 0, 1 or 2");
    };
  }
}
