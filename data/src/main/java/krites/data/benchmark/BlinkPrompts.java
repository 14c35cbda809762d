package krites.data.benchmark;

import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * BLINK: which letters to answer with, then the row's own prompt, which holds the options.
 *
 * @param prePrompt the line before; {@code {}} stands for the letters
 */
public record BlinkPrompts(String prePrompt) implements BenchmarkPrompts {
  private static final int LETTERS_MAX = 5;

  /** The words of all sub-tasks of {@code blink}. */
  public static BlinkPrompts published() {
    return new BlinkPrompts(
        "Note: You only need to respond with {} without providing any additional information.\n");
  }

  @Override
  public String text(BenchmarkRow row) {
    int options = Math.min(LETTERS_MAX, row.texts("choices").size());
    String letters =
        IntStream.range(0, options).mapToObj(OptionLines::letter).collect(Collectors.joining(", "));
    return prePrompt.replace("{}", letters) + row.text("prompt");
  }

  @Override
  public int maxNewTokens() {
    return 1024;
  }
}
