package krites.reward;

/**
 * A layout that a whole response must have. Each check is a chain of plain searches, so its cost is
 * linear.
 *
 * <p>Source: {@code format_reward} of EasyR1 {@code math.py}, {@code r1v.py} and LLaVA-Critic-R1
 * {@code caption.py}.
 */
public enum FormatRule {
  /** {@code <think>...</think>...\boxed{...}...}; nothing may precede the first tag. */
  THINK_BOXED {
    @Override
    public boolean matches(String text) {
      return inOrder(text, "<think>", "</think>", "\\boxed{", "}");
    }
  },
  /** {@code <caption>...</caption>...<think>...</think>...\boxed{...}...}. */
  CAPTION_THINK_BOXED {
    @Override
    public boolean matches(String text) {
      return inOrder(text, "<caption>", "</caption>", "<think>", "</think>", "\\boxed{", "}");
    }
  },
  /** {@code <think>...</think>...} with one opening tag: {@code think_format_reward} of TRL. */
  THINK_ONCE {
    @Override
    public boolean matches(String text) {
      return inOrder(text, "<think>", "</think>") && text.indexOf("<think>", 1) < 0;
    }
  },
  /** {@code <think>...</think>}, white space, {@code <answer>...</answer>} and nothing after it. */
  THINK_ANSWER {
    @Override
    public boolean matches(String text) {
      int end = text.length() - "</answer>".length();
      if (!text.startsWith("<think>") || !text.endsWith("</answer>")) {
        return false;
      }
      int close = text.indexOf("</think>", "<think>".length());
      while (close >= 0) {
        int at = close + "</think>".length();
        while (at < text.length() && PythonText.isSpace(text.charAt(at))) {
          at++;
        }
        if (text.startsWith("<answer>", at) && at + "<answer>".length() <= end) {
          return true;
        }
        close = text.indexOf("</think>", at);
      }
      return false;
    }
  };

  /**
   * Whether the whole text has this layout. The caller squeezes white space first where its reward
   * does.
   */
  public abstract boolean matches(String text);

  private static boolean inOrder(String text, String first, String... rest) {
    if (!text.startsWith(first)) {
      return false;
    }
    int at = first.length();
    for (String part : rest) {
      int found = text.indexOf(part, at);
      if (found < 0) {
        return false;
      }
      at = found + part.length();
    }
    return true;
  }
}
