package krites.reward;

/**
 * Removes all white space that touches a {@code <}, {@code >} or {@code /}, as the reference does
 * before it scores.
 *
 * <p>Source: {@code re.sub(r"\s*(<|>|/)\s*", r"\1", text)} in EasyR1 {@code
 * examples/reward_function/math.py}.
 */
public final class WhitespaceSqueeze {
  private WhitespaceSqueeze() {}

  /** The squeezed text; one pass, linear in the length. */
  public static String squeeze(String text) {
    StringBuilder out = new StringBuilder(text.length());
    int at = 0;
    while (at < text.length()) {
      char c = text.charAt(at++);
      if (c != '<' && c != '>' && c != '/') {
        out.append(c);
        continue;
      }
      while (!out.isEmpty() && PythonText.isSpace(out.charAt(out.length() - 1))) {
        out.setLength(out.length() - 1);
      }
      out.append(c);
      while (at < text.length() && PythonText.isSpace(text.charAt(at))) {
        at++;
      }
    }
    return out.toString();
  }
}
