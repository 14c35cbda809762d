package krites.data.benchmark;

import java.util.List;
import java.util.regex.Pattern;

/**
 * MMVP: the question and its options on lines of their own, though the row has them in one text:
 * {@code (a) Up (b) Down}.
 *
 * @param prePrompt what comes before
 * @param postPrompt how to answer
 */
public record MmvpPrompts(String prePrompt, String postPrompt) implements BenchmarkPrompts {
  /** A letter in brackets and the option behind it, which holds no opening bracket. */
  private static final Pattern OPTION =
      Pattern.compile("\\([a-zA-Z]\\)\\s*([^(]+?)(?=\\s*\\([a-zA-Z]\\)|$)");

  /** The words of {@code mmvp}. */
  public static MmvpPrompts published() {
    return new MmvpPrompts(
        "", "\nAnswer with the option's letter from the given choices directly.");
  }

  @Override
  public String text(BenchmarkRow row) {
    List<String> options =
        OPTION
            .matcher(row.text("Options"))
            .results()
            .map(option -> PythonText.strip(option.group(1)))
            .toList();
    return prePrompt + row.text("Question") + "\n" + OptionLines.of(options) + postPrompt;
  }

  @Override
  public int maxNewTokens() {
    return 16;
  }
}
