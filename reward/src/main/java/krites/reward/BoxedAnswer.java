package krites.reward;

/**
 * The content of the last {@code \boxed{}} of a text, found with brace depth.
 *
 * <p>Source: {@code extract_boxed_content} of MathRuler.
 */
public final class BoxedAnswer {
  /**
   * What stands for a missing or unbalanced box; an ordinary string to the grader, as in the
   * reference.
   */
  public static final String NONE = "None";

  private static final String OPEN = "\\boxed{";

  private BoxedAnswer() {}

  /** The stripped content, or {@link #NONE}. Linear in the length. */
  public static String extract(String text) {
    int open = text.lastIndexOf(OPEN);
    if (open < 0) {
      return NONE;
    }
    int start = open + OPEN.length();
    int depth = 0;
    for (int at = start; at < text.length(); at++) {
      char c = text.charAt(at);
      if (c == '{') {
        depth++;
      } else if (c == '}' && --depth < 0) {
        return PythonText.strip(text.substring(start, at));
      }
    }
    return NONE;
  }
}
