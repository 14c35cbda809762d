package krites.data.benchmark;

import java.util.List;
import java.util.Optional;

/**
 * MMBench: the hint if there is one, the question and the options in one paragraph, then how to
 * answer. A question has up to five options, each in a column of its own.
 *
 * @param postPrompt how to answer; comes on a new line
 */
public record MmBenchPrompts(String postPrompt) implements BenchmarkPrompts {
  private static final String OPTIONS = "There are several options:";
  private static final List<String> LETTERS = List.of("A", "B", "C", "D", "E");

  /** The words of {@code mmbench_en_dev}: with the line end of their own, a line stays empty. */
  public static MmBenchPrompts published() {
    return new MmBenchPrompts("\nAnswer with the option's letter from the given choices directly.");
  }

  @Override
  public String text(BenchmarkRow row) {
    StringBuilder text = new StringBuilder();
    row.cell("hint").ifPresent(hint -> text.append(hint).append(' '));
    text.append(row.text("question")).append(' ');
    StringBuilder options = new StringBuilder(OPTIONS);
    for (String letter : LETTERS) {
      Optional<String> option = row.cell(letter).filter(words -> !words.isEmpty());
      option.ifPresent(words -> options.append('\n').append(letter).append(". ").append(words));
    }
    // Line ends at the end of the last option go.
    text.append(options.toString().replaceFirst("\n+$", ""));
    return text.append('\n').append(postPrompt).toString();
  }

  @Override
  public int maxNewTokens() {
    return 1024;
  }
}
