package krites.data.benchmark;

import java.util.List;

/**
 * MMMU: the question, its options, and after an empty line how to answer. Markers of pictures
 * ({@code <image 1>}) stay in the text as they are.
 *
 * @param multipleChoice how to answer with options
 * @param openEnded how to answer without
 */
public record MmmuPrompts(String multipleChoice, String openEnded) implements BenchmarkPrompts {
  /** The words of {@code mmmu_val}. */
  public static MmmuPrompts published() {
    return new MmmuPrompts(
        "Answer with the option's letter from the given choices directly.",
        "Answer the question using a single word or phrase.");
  }

  @Override
  public String text(BenchmarkRow row) {
    String question = row.text("question");
    // The only other type is open; its column of options holds an empty list.
    if (row.text("question_type").equals("multiple-choice")) {
      return choice(question, row.texts("options"));
    }
    return question + "\n\n" + openEnded;
  }

  /** The text of a question with options. */
  public String choice(String question, List<String> options) {
    return question + "\n" + OptionLines.of(options) + "\n\n" + multipleChoice;
  }

  @Override
  public int maxNewTokens() {
    return 128;
  }
}
