package krites.reward.published;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import krites.reward.AnswerGrader;
import krites.reward.PythonText;

/**
 * MathVerse by rules, where the authors have GPT-4 extract and compare: a letter or the words of
 * the expected option for multiple choice, else an answer graded equal.
 */
public final class MathVerseAnswer {
  private static final Pattern LETTER =
      Pattern.compile("^\\(?([A-Z])\\)?(?:[.:)\\s].*)?$", Pattern.DOTALL);
  private static final Pattern BRACKETED = Pattern.compile("\\(([A-Z])\\)");
  private static final String CHOICES = "Choices:";

  private MathVerseAnswer() {}

  /** The letter that an answer names, or whose option it repeats. */
  public static Optional<String> letter(String question, String answer) {
    String text = PythonText.strip(answer);
    Matcher leading = LETTER.matcher(text);
    if (leading.matches()) {
      return Optional.of(leading.group(1));
    }
    Optional<String> bracketed =
        BRACKETED.matcher(text).results().reduce((_, last) -> last).map(found -> found.group(1));
    return bracketed.or(() -> optionOf(question, text));
  }

  private static Optional<String> optionOf(String question, String text) {
    int at = question.lastIndexOf(CHOICES);
    if (at < 0) {
      return Optional.empty();
    }
    List<String> lines =
        Arrays.stream(question.substring(at + CHOICES.length()).split("\n"))
            .map(PythonText::strip)
            .filter(line -> line.matches("^[A-Z][.:].*"))
            .toList();
    return lines.stream()
        .filter(line -> same(line.substring(2), text))
        .map(line -> line.substring(0, 1))
        .findFirst();
  }

  private static boolean same(String option, String text) {
    return option.replaceAll("\\s", "").equalsIgnoreCase(text.replaceAll("\\s", ""));
  }

  /**
   * Whether an answer is right.
   *
   * @param question with its choices, as in {@code question_for_eval}
   * @param expected a letter where the question has choices
   */
  public static boolean correct(
      String question, boolean multipleChoice, String answer, String expected) {
    if (!multipleChoice) {
      return AnswerGrader.grade(answer, expected);
    }
    String wanted = PythonText.strip(expected).toUpperCase(Locale.ROOT);
    return letter(question, answer).filter(wanted::equals).isPresent();
  }
}
