package krites.reward.published;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import krites.reward.PythonText;

/**
 * MathVista's verdict: an extracted answer is brought into the form of the expected one, and both
 * are compared as texts.
 *
 * <p>Source: {@code evaluation/calculate_score.py} of lupantech/MathVista. What its {@code
 * extract_answer.py} asks GPT-4, {@link #extract} does by rules.
 *
 * @param choices the options of a multiple choice question, else empty
 * @param multipleChoice whether {@code question_type} is {@code multi_choice}
 * @param type of the expected answer
 * @param precision digits after the point of a {@code float} answer; empty where the row has none
 */
public record MathVistaAnswer(
    List<String> choices, boolean multipleChoice, Type type, OptionalInt precision) {
  private static final Pattern LETTER = Pattern.compile("\\(([a-zA-Z])\\)");

  /** {@code B}, {@code B.}, {@code B: 140}, {@code Answer: B}. */
  private static final Pattern LEADING_LETTER =
      Pattern.compile(
          "^(?:(?:the )?(?:correct )?(?:answer|option)(?: is)?:? *)?([A-Z])(?:[.:)].*)?$",
          Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

  private static final Pattern QUOTED = Pattern.compile("The answer is \"(.*)\"\\.");
  private static final Pattern NUMBER =
      Pattern.compile("-?(?:\\d{1,3}(?:,\\d{3})++|\\d++)(?:\\.\\d++)?+");
  private static final Pattern LIST = Pattern.compile("\\[[^\\[\\]]*+\\]");

  /** The column {@code answer_type}. */
  public enum Type {
    TEXT,
    INTEGER,
    FLOAT,
    LIST;

    /**
     * The type of a row.
     *
     * @throws IllegalArgumentException if there is no such type
     */
    public static Type named(String name) {
      return switch (name) {
        case "text" -> TEXT;
        case "integer" -> INTEGER;
        case "float" -> FLOAT;
        case "list" -> LIST;
        default ->
            throw new IllegalArgumentException(
                "'answer_type' is \"" + name + "\", expected text, integer, float or list");
      };
    }
  }

  public MathVistaAnswer {
    choices = List.copyOf(choices);
    if (multipleChoice && choices.isEmpty()) {
      throw new IllegalArgumentException("a multiple choice question has no 'choices'");
    }
  }

  /**
   * The answer in a response: the box where there is one, else what the published rules read
   * without a model, else, in place of GPT-4: a letter, the last list, or the last number.
   */
  public String extract(String response) {
    FinalAnswer answer = FinalAnswer.of(response);
    String text = answer.text();
    if (answer.boxed() || choices.contains(text) || PythonText.toFloat(text).isPresent()) {
      return text;
    }
    Matcher quoted = QUOTED.matcher(text);
    if (quoted.find()) {
      return quoted.group(1);
    }
    if (multipleChoice) {
      return letter(text);
    }
    return switch (type) {
      case TEXT -> text;
      case LIST -> last(LIST, text).orElse(text);
      case INTEGER, FLOAT -> last(NUMBER, text).map(number -> number.replace(",", "")).orElse(text);
    };
  }

  /** A letter in brackets wins; the last one, where a text weighs several. */
  private static String letter(String text) {
    Optional<String> bracketed = last(LETTER, text);
    if (bracketed.isPresent()) {
      return bracketed.get();
    }
    Matcher leading = LEADING_LETTER.matcher(text);
    return leading.matches() ? leading.group(1).toUpperCase(Locale.ROOT) : text;
  }

  private static Optional<String> last(Pattern pattern, String text) {
    return pattern.matcher(text).results().reduce((_, later) -> later).map(match -> match.group());
  }

  /**
   * An extracted answer in the form of the expected one; empty where it cannot have it.
   *
   * <p>Of several choices the one with the smallest edit distance is meant, so a multiple choice
   * answer always has a form.
   */
  public Optional<String> normalise(String extraction) {
    if (multipleChoice) {
      return Optional.of(choice(PythonText.strip(extraction)));
    }
    return switch (type) {
      case INTEGER -> PythonNumbers.integer(extraction);
      case FLOAT ->
          precision.isPresent()
              ? PythonNumbers.rounded(extraction, precision.getAsInt())
              : PythonNumbers.rounded(extraction);
      case TEXT, LIST -> Optional.of(extraction);
    };
  }

  private String choice(String extraction) {
    Matcher letter = LETTER.matcher(extraction);
    String named = letter.find() ? letter.group(1).toUpperCase(Locale.ROOT) : extraction;
    int option = named.length() == 1 ? named.charAt(0) - 'A' : -1;
    if (option >= 0 && option < choices.size()) {
      return choices.get(option);
    }
    String nearest = choices.getFirst();
    int least = Integer.MAX_VALUE;
    for (String each : choices) {
      int distance = EditDistance.between(named, each);
      if (distance < least) {
        least = distance;
        nearest = each;
      }
    }
    return nearest;
  }

  /** Whether an extracted answer is right. */
  public boolean correct(String extraction, String expected) {
    return normalise(extraction).equals(Optional.of(expected));
  }
}
