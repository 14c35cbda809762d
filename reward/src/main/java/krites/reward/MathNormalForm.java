package krites.reward;

import java.util.regex.Pattern;

/**
 * The first, case-sensitive normal form of an answer: the clean-up of the MATH data set.
 *
 * <p>Source: {@code normalize_answer} of MathRuler (from prm800k). Where the reference's clean-up
 * raises, the stripped answer is the result.
 */
final class MathNormalForm {
  private static final Pattern CANONICAL_INTEGER = Pattern.compile("0|-?[1-9][0-9]*+");

  /** Python refuses to convert longer texts to an integer. */
  private static final int INTEGER_DIGITS_MAX = 4_300;

  private MathNormalForm() {}

  static String of(String answer) {
    String text =
        TextCommand.unwrapWhole(PythonText.strip(answer))
            .map(PythonText::strip)
            .orElseGet(() -> PythonText.strip(answer));
    try {
      return clean(text);
    } catch (MalformedAnswer e) {
      return text;
    }
  }

  private static String clean(String answer) throws MalformedAnswer {
    String text =
        answer
            .replace("\n", "")
            .replace("\\!", "")
            .replace("\\\\", "\\")
            .replace("tfrac", "frac")
            .replace("dfrac", "frac")
            .replace("\\left", "")
            .replace("\\right", "")
            .replace("^{\\circ}", "")
            .replace("^\\circ", "")
            .replace("\\$", "");
    text = withoutUnits(text).replace("\\%", "").replace(" .", " 0.").replace("{.", "{0.");
    if (text.isEmpty()) {
      return text;
    }
    if (text.charAt(0) == '.') {
      text = "0" + text;
    }
    text = rootsWithBraces(withoutShortLeftSide(text)).replace(" ", "");
    text = fractionsWithBraces(text);
    return text.equals("0.5") ? "\\frac{1}{2}" : slashAsFraction(text);
  }

  private static String withoutUnits(String text) throws MalformedAnswer {
    int unit = text.indexOf("\\text{ ");
    if (unit < 0) {
      return text;
    }
    if (text.indexOf("\\text{ ", unit + 7) >= 0) {
      throw new MalformedAnswer();
    }
    return text.substring(0, unit);
  }

  /** Drops a left side of at most two characters, as in {@code x=5}. */
  private static String withoutShortLeftSide(String text) {
    int equals = text.indexOf('=');
    boolean single = equals >= 0 && text.indexOf('=', equals + 1) < 0;
    return single && text.codePointCount(0, equals) <= 2 ? text.substring(equals + 1) : text;
  }

  private static String rootsWithBraces(String text) throws MalformedAnswer {
    String[] parts = text.split("\\\\sqrt", -1);
    StringBuilder out = new StringBuilder(parts[0]);
    for (int i = 1; i < parts.length; i++) {
      if (parts[i].isEmpty()) {
        throw new MalformedAnswer();
      }
      out.append("\\sqrt");
      if (parts[i].charAt(0) == '{') {
        out.append(parts[i]);
      } else {
        int one = parts[i].offsetByCodePoints(0, 1);
        out.append('{').append(parts[i], 0, one).append('}').append(parts[i].substring(one));
      }
    }
    return out.toString();
  }

  private static String fractionsWithBraces(String text) throws MalformedAnswer {
    String[] parts = text.split("\\\\frac", -1);
    StringBuilder out = new StringBuilder(parts[0]);
    for (int i = 1; i < parts.length; i++) {
      String part = parts[i];
      if (part.isEmpty()) {
        throw new MalformedAnswer();
      }
      out.append("\\frac");
      if (part.charAt(0) == '{') {
        out.append(part);
        continue;
      }
      if (part.codePointCount(0, part.length()) < 2) {
        return text;
      }
      int one = part.offsetByCodePoints(0, 1);
      int two = part.offsetByCodePoints(one, 1);
      String second = part.substring(one, two);
      out.append('{').append(part, 0, one).append('}');
      out.append(second.equals("{") ? second : "{" + second + "}").append(part.substring(two));
    }
    return out.toString();
  }

  private static String slashAsFraction(String text) {
    int slash = text.indexOf('/');
    if (slash < 0 || text.indexOf('/', slash + 1) >= 0) {
      return text;
    }
    String top = text.substring(0, slash);
    String bottom = text.substring(slash + 1);
    return isCanonicalInteger(top) && isCanonicalInteger(bottom)
        ? "\\frac{" + top + "}{" + bottom + "}"
        : text;
  }

  private static boolean isCanonicalInteger(String text) {
    return text.length() <= INTEGER_DIGITS_MAX && CANONICAL_INTEGER.matcher(text).matches();
  }

  /** The reference's clean-up raises here. */
  private static final class MalformedAnswer extends Exception {
    private static final long serialVersionUID = 1L;

    MalformedAnswer() {
      super("malformed answer", null, false, false);
    }
  }
}
