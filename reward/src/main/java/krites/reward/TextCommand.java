package krites.reward;

import java.util.Optional;

/** The {@code \text{...}} that encloses a whole answer. */
public final class TextCommand {
  private static final String OPEN = "\\text{";

  private TextCommand() {}

  /** The content where the answer matches {@code ^\\text\{(.+?)\}$}: on one line, not empty. */
  public static Optional<String> unwrapWhole(String answer) {
    String text = answer.endsWith("\n") ? answer.substring(0, answer.length() - 1) : answer;
    int end = text.length() - 1;
    if (!text.startsWith(OPEN) || end <= OPEN.length() || text.charAt(end) != '}') {
      return Optional.empty();
    }
    String content = text.substring(OPEN.length(), end);
    return content.indexOf('\n') >= 0 ? Optional.empty() : Optional.of(content);
  }
}
