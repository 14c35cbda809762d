package krites.reward;

import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The normal form that the DAPO reward compares.
 *
 * <p>Source: {@code normalize_final_answer} of EasyR1 {@code examples/reward_function/dapo.py}.
 */
final class DapoNormalForm {
  private static final String[][] SUBSTITUTIONS = {
    {"an ", ""},
    {"a ", ""},
    {".$", "$"},
    {"\\$", ""},
    {"\\ ", ""},
    {" ", ""},
    {"mbox", "text"},
    {",\\text{and}", ","},
    {"\\text{and}", ","},
    {"\\text{m}", "\\text{}"}
  };
  private static final List<String> REMOVED =
      List.of(
          "square",
          "ways",
          "integers",
          "dollars",
          "mph",
          "inches",
          "hours",
          "km",
          "units",
          "\\ldots",
          "sue",
          "points",
          "feet",
          "minutes",
          "digits",
          "cents",
          "degrees",
          "cm",
          "gm",
          "pounds",
          "meters",
          "meals",
          "edges",
          "students",
          "childrentickets",
          "multiples",
          "\\text{s}",
          "\\text{.}",
          "\\text{\ns}",
          "\\text{}^2",
          "\\text{}^3",
          "\\text{\n}",
          "\\text{}",
          "\\mathrm{th}",
          "^\\circ",
          "^{\\circ}",
          "\\;",
          ",\\!",
          "{,}",
          "\"",
          "\\dots");
  private static final Pattern SHORT_FRACTION = Pattern.compile("(?d)frac([^{])(.)");
  private static final Pattern SHORT_ROOT = Pattern.compile("sqrt([^{])");

  private DapoNormalForm() {}

  static String of(String answer) {
    String text = answer.substring(answer.lastIndexOf('=') + 1);
    for (String[] substitution : SUBSTITUTIONS) {
      text = text.replace(substitution[0], substitution[1]);
    }
    for (String removed : REMOVED) {
      text = text.replace(removed, "");
    }
    text =
        String.join(
            "\n", Arrays.stream(text.split("\n", -1)).map(DapoNormalForm::cleanLine).toList());
    text = SHORT_FRACTION.matcher(text).replaceAll("frac{$1}{$2}");
    text = SHORT_ROOT.matcher(text).replaceAll("sqrt{$1}").replace("$", "");
    String digits = text.replace(",", "");
    boolean number = !digits.isEmpty() && digits.codePoints().allMatch(DapoNormalForm::isDigit);
    return PythonText.strip(number ? digits : text);
  }

  /** Keeps only the first formula of a line that has one, then unwraps text commands. */
  private static String cleanLine(String line) {
    int open = line.indexOf('$');
    int close = open < 0 ? -1 : line.indexOf('$', open + 1);
    String text = close < 0 ? line : line.substring(open, close + 1);
    for (String command : List.of("\\text{", "\\textbf{", "\\overline{")) {
      text = unwrapEach(text, command);
    }
    int boxed = text.indexOf("\\boxed{");
    int end = text.lastIndexOf('}');
    return boxed < 0 || end < boxed + 7
        ? text
        : text.substring(0, boxed) + text.substring(boxed + 7, end) + text.substring(end + 1);
  }

  private static String unwrapEach(String text, String command) {
    StringBuilder out = new StringBuilder();
    int done = 0;
    int open = text.indexOf(command);
    while (open >= 0) {
      int close = text.indexOf('}', open + command.length());
      if (close < 0) {
        break;
      }
      out.append(text, done, open).append(text, open + command.length(), close);
      done = close + 1;
      open = text.indexOf(command, done);
    }
    return out.append(text, done, text.length()).toString();
  }

  /** {@code str.isdigit}: decimal digits and superscripts. */
  private static boolean isDigit(int c) {
    return Character.isDigit(c)
        || c == '²'
        || c == '³'
        || c == '¹'
        || (c >= 0x2070 && c <= 0x2079 && c != 0x2071)
        || (c >= 0x2080 && c <= 0x2089);
  }
}
