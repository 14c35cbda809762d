package krites.reward;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import krites.grpo.Label;

/**
 * Reads which answer a critic prefers, from the content of a box or from a data set's label.
 *
 * <p>Where labels are {@code 1} and {@code 2} a box reads as a label exactly when the reference's
 * grader says that they are equal ({@code 1.}, {@code (1)}, {@code k=1}, {@code \text{1}} are
 * first; {@code Response 1}, {@code first} are nothing). Where labels are words or letters a box is
 * compared without case and without {@code \text{}}; the reference treats {@code second} as a unit
 * there, which we do not follow.
 */
public final class VerdictReader {
  private static final Map<String, Spelling> SPELLINGS =
      Map.of(
          "1",
          Spelling.NUMBER,
          "2",
          Spelling.NUMBER,
          "first",
          Spelling.WORD,
          "second",
          Spelling.WORD,
          "a",
          Spelling.LETTER,
          "b",
          Spelling.LETTER);

  private VerdictReader() {}

  /** How a data set spells its labels. */
  public enum Spelling {
    NUMBER("1", "2"),
    WORD("first", "second"),
    LETTER("a", "b");

    private final String first;
    private final String second;

    Spelling(String first, String second) {
      this.first = first;
      this.second = second;
    }
  }

  /**
   * The label that a data set's answer column means: 1/2, first/second, A/B in any case, or tie.
   */
  public static Optional<Label> label(String answer) {
    return switch (plain(answer)) {
      case "1", "first", "a" -> Optional.of(Label.FIRST);
      case "2", "second", "b" -> Optional.of(Label.SECOND);
      case "tie" -> Optional.of(Label.TIE);
      default -> Optional.empty();
    };
  }

  /** How a data set's answer column spells; numbers where it says tie. */
  public static Spelling spelling(String answer) {
    return SPELLINGS.getOrDefault(plain(answer), Spelling.NUMBER);
  }

  /** The verdict in a box where labels are 1 and 2; empty when it cannot be read as one. */
  public static Optional<Label> read(String box) {
    return read(box, Spelling.NUMBER);
  }

  /**
   * The verdict in a box where labels are spelled in the given way; empty when it cannot be read as
   * one.
   */
  public static Optional<Label> read(String box, Spelling spelling) {
    if (plain(box).equals("tie")) {
      return Optional.of(Label.TIE);
    }
    if (equal(box, spelling.first, spelling)) {
      return Optional.of(Label.FIRST);
    }
    return equal(box, spelling.second, spelling) ? Optional.of(Label.SECOND) : Optional.empty();
  }

  private static boolean equal(String box, String label, Spelling spelling) {
    return switch (spelling) {
      case NUMBER -> AnswerGrader.grade(box, label);
      case WORD, LETTER -> plain(box).equals(label);
    };
  }

  private static String plain(String text) {
    String stripped = PythonText.strip(text);
    return PythonText.strip(TextCommand.unwrapWhole(stripped).orElse(stripped))
        .toLowerCase(Locale.ROOT);
  }
}
