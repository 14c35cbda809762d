package krites.app.answer;

import java.util.Optional;
import krites.reward.BoxedAnswer;

/**
 * The parts of a response in the think and box layout, as far as it has them.
 *
 * @param thinking what stands between the first {@code <think>} and the last {@code </think>}
 * @param rest what follows the thinking; the whole text where there is none
 * @param box content of the last {@code \boxed{}} of the whole text
 */
public record Layout(Optional<String> thinking, String rest, Optional<String> box) {
  private static final String OPEN = "<think>";
  private static final String CLOSE = "</think>";

  public static Layout of(String text) {
    String box = BoxedAnswer.extract(text);
    Optional<String> found = box.equals(BoxedAnswer.NONE) ? Optional.empty() : Optional.of(box);
    int open = text.indexOf(OPEN);
    int close = text.lastIndexOf(CLOSE);
    if (open < 0 || close < open) {
      return new Layout(Optional.empty(), text.strip(), found);
    }
    return new Layout(
        Optional.of(text.substring(open + OPEN.length(), close).strip()),
        text.substring(close + CLOSE.length()).strip(),
        found);
  }

  /**
   * What a judge is shown of it: the answer without the thinking, and out of its box where the box
   * is all of it or the thinking never ends; the whole text where nothing follows the thinking. A
   * judge that is shown thinking beside a plain answer prefers the thinking, whatever it says.
   */
  public String answer(String text) {
    String boxed = "\\boxed{" + box.orElse("") + "}";
    boolean endless = thinking.isEmpty() && text.contains(OPEN);
    if (box.isPresent() && !box.get().isBlank() && (endless || rest.equals(boxed))) {
      return box.get();
    }
    return rest.isBlank() ? text.strip() : rest;
  }
}
