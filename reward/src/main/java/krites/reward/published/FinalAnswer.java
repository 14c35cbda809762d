package krites.reward.published;

import krites.reward.BoxedAnswer;
import krites.reward.PythonText;
import krites.reward.TextCommand;

/**
 * What of a response a policy benchmark scores: the content of the last {@code \boxed{}}, as the
 * think and box layout asks for it, else the text without its reasoning.
 *
 * @param text without white space around it
 * @param boxed whether it comes from a box
 */
public record FinalAnswer(String text, boolean boxed) {
  /** Reads a response. */
  public static FinalAnswer of(String response) {
    String box = BoxedAnswer.extract(response);
    if (box.equals(BoxedAnswer.NONE)) {
      return new FinalAnswer(BenchmarkAnswer.withoutReasoning(response), false);
    }
    return new FinalAnswer(PythonText.strip(TextCommand.unwrapWhole(box).orElse(box)), true);
  }
}
