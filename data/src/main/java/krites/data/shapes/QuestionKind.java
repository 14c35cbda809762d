package krites.data.shapes;

import java.util.Locale;

/** What can be asked about a scene. */
public enum QuestionKind {
  /** The colour of a shape that occurs once. */
  COLOR,
  /** The shape of a colour that occurs once. */
  SHAPE,
  /** How many of one shape, 0 to 3. */
  COUNT,
  /** How many objects. */
  COUNTALL,
  /** Whether there is an object of a colour and shape; yes and no equally often. */
  EXIST;

  private final String word = name().toLowerCase(Locale.ROOT);

  /** Lower-case name, as in tags and settings. */
  public String word() {
    return word;
  }

  /**
   * The kind of a lower-case name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static QuestionKind named(String word) {
    for (QuestionKind kind : values()) {
      if (kind.word.equals(word)) {
        return kind;
      }
    }
    throw new IllegalArgumentException(
        "question kind '" + word + "' is unknown, expected color, shape, count, countall or exist");
  }
}
