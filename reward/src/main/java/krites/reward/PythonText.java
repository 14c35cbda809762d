package krites.reward;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Text rules of Python that the reference relies on: white space, stripping, {@code float(str)}.
 */
public final class PythonText {
  private static final Pattern FLOAT =
      Pattern.compile(
          "([+-]?)(?:(inf|infinity|nan)|((?:[0-9]++(?:\\.[0-9]*+)?|\\.[0-9]++)(?:e[+-]?[0-9]++)?))");
  private static final Pattern UNDERSCORE_BETWEEN_DIGITS = Pattern.compile("(?<=[0-9])_(?=[0-9])");

  /** Longest text read as a number; Python reads longer ones too, but no answer needs them. */
  private static final int NUMBER_CHARS_MAX = 5_000;

  private PythonText() {}

  /**
   * Whether {@code \s} matches and {@code str.strip} removes this character; both include Unicode
   * spaces.
   */
  public static boolean isSpace(int c) {
    return (c >= 0x09 && c <= 0x0d)
        || (c >= 0x1c && c <= 0x20)
        || c == 0x85
        || c == 0xa0
        || c == 0x1680
        || (c >= 0x2000 && c <= 0x200a)
        || c == 0x2028
        || c == 0x2029
        || c == 0x202f
        || c == 0x205f
        || c == 0x3000;
  }

  /** What {@code str.strip()} leaves. */
  public static String strip(String text) {
    int from = 0;
    int to = text.length();
    while (from < to && isSpace(text.charAt(from))) {
      from++;
    }
    while (to > from && isSpace(text.charAt(to - 1))) {
      to--;
    }
    return text.substring(from, to);
  }

  /** What {@code float(text)} gives, or empty where it raises. */
  public static Optional<Double> toFloat(String text) {
    if (text.length() > NUMBER_CHARS_MAX) {
      return Optional.empty();
    }
    Matcher matcher =
        FLOAT.matcher(
            UNDERSCORE_BETWEEN_DIGITS
                .matcher(asciiDigits(strip(text)).toLowerCase(Locale.ROOT))
                .replaceAll(""));
    if (!matcher.matches()) {
      return Optional.empty();
    }
    boolean negative = matcher.group(1).equals("-");
    String word = matcher.group(2);
    double magnitude;
    if (word != null) {
      magnitude = word.equals("nan") ? Double.NaN : Double.POSITIVE_INFINITY;
    } else {
      magnitude = Double.parseDouble(matcher.group(3));
    }
    return Optional.of(negative ? -magnitude : magnitude);
  }

  private static String asciiDigits(String text) {
    StringBuilder out = new StringBuilder(text.length());
    text.codePoints()
        .forEach(c -> out.appendCodePoint(Character.isDigit(c) ? '0' + Character.digit(c, 10) : c));
    return out.toString();
  }
}
