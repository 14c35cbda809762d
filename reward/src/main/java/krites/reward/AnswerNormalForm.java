package krites.reward;

import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The second normal form of an answer: units, braces, spaces and case removed, LaTeX turned into
 * text, integers canonical.
 *
 * <p>Source: {@code _normalize} of MathRuler (from prm800k).
 */
final class AnswerNormalForm {
  private static final List<Pattern> UNITS =
      List.of(
              "degree",
              "cm",
              "centimeter",
              "meter",
              "mile",
              "second",
              "minute",
              "hour",
              "day",
              "week",
              "month",
              "year",
              "foot",
              "feet",
              "inch",
              "yard")
          .stream()
          .map(unit -> Pattern.compile(unit + "(?:es)?s? *+(?:\\^[0-9]++)?"))
          .toList();
  private static final Pattern DEGREE_SIGN = Pattern.compile("\\^ *+\\\\circ");
  private static final Pattern THIN_COMMA = Pattern.compile(",\\\\! *+");
  private static final Pattern MINUS_SPACES = Pattern.compile("- *+");
  private static final Pattern MIXED_NUMBER = Pattern.compile("([0-9]) ++([0-9])");
  private static final Pattern THOUSANDS =
      Pattern.compile("(\\d),(\\d\\d\\d)((?=\\n?\\z)|\\D)", Pattern.UNICODE_CHARACTER_CLASS);

  /** Distance from an integer within which the reference takes a number for that integer. */
  private static final double INTEGER_TOLERANCE = 1e-7;

  private AnswerNormalForm() {}

  static String of(String answer) {
    String text =
        TextCommand.unwrapWhole(answer)
            .orElse(answer)
            .replace("\\%", "%")
            .replace("\\$", "$")
            .replace("$", "")
            .replace("%", "")
            .replace(" or ", " , ")
            .replace(" and ", " , ")
            .replace("million", "*10^6")
            .replace("billion", "*10^9")
            .replace("trillion", "*10^12");
    for (Pattern unit : UNITS) {
      text = unit.matcher(text).replaceAll("");
    }
    text = DEGREE_SIGN.matcher(text).replaceAll("");
    if (text.startsWith("{") && text.endsWith("}")) {
      text = text.substring(1, text.length() - 1);
    }
    text = THIN_COMMA.matcher(text).replaceAll("");
    String rounded = text;
    text = nearInteger(PythonText.toFloat(text)).map(AnswerNormalForm::digits).orElse(rounded);
    if (text.indexOf('\\') >= 0) {
      text = latexAsText(text);
    }
    text = MINUS_SPACES.matcher(text).replaceAll("-");
    text = MIXED_NUMBER.matcher(text).replaceAll("$1+$2");
    text = text.replace(" ", "").replace("{", "").replace("}", "").toLowerCase(Locale.ROOT);
    return isInteger(text) ? truncated(text) : text;
  }

  /**
   * Whether a text, without well-placed thousands commas, is a number within 1e-7 of an integer.
   */
  static boolean isInteger(String text) {
    return nearInteger(PythonText.toFloat(withoutThousandsCommas(text))).isPresent();
  }

  /** Removes commas between a digit and exactly three digits; repeated until nothing changes. */
  static String withoutThousandsCommas(String text) {
    String before = text;
    while (true) {
      String after = THOUSANDS.matcher(before).replaceAll("$1$2$3");
      if (after.equals(before)) {
        return after;
      }
      before = after;
    }
  }

  private static Optional<Double> nearInteger(Optional<Double> number) {
    return number
        .filter(
            value ->
                Double.isFinite(value) && Math.abs(value - Math.rint(value)) <= INTEGER_TOLERANCE)
        .map(Math::rint);
  }

  private static String truncated(String text) {
    return PythonText.toFloat(text.replace(",", ""))
        .filter(Double::isFinite)
        .map(AnswerNormalForm::digits)
        .orElse(text);
  }

  private static String digits(double value) {
    return new BigDecimal(value).toBigInteger().toString();
  }

  private static String latexAsText(String text) {
    String spaced =
        text.replace("\\tfrac", "\\frac").replace("\\dfrac", "\\frac").replace("\\frac", " \\frac");
    return LatexText.render(spaced)
        .map(
            plain ->
                PythonText.strip(
                    plain
                        .replace("√", "sqrt")
                        .replace("π", "pi")
                        .replace("∞", "inf")
                        .replace("∪", "U")
                        .replace("·", "*")
                        .replace("×", "*")))
        .orElse(text);
  }
}
