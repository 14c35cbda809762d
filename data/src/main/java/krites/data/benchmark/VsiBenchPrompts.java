package krites.data.benchmark;

import java.util.Set;

/**
 * VSI-Bench: a line about the frames, the question, the options if it has any, then how to answer.
 * Options come as the row has them, without letters of ours. Words that are empty are replaced by
 * the published ones.
 *
 * @param prePrompt the line before
 * @param multipleChoice how to answer with options
 * @param numerical how to answer with a number
 */
public record VsiBenchPrompts(String prePrompt, String multipleChoice, String numerical)
    implements BenchmarkPrompts {
  private static final Set<String> WITH_OPTIONS =
      Set.of(
          "object_rel_direction_easy",
          "object_rel_direction_medium",
          "object_rel_direction_hard",
          "object_rel_distance",
          "route_planning",
          "obj_appearance_order");

  private static final Set<String> WITH_NUMBER =
      Set.of(
          "object_abs_distance",
          "object_counting",
          "object_size_estimation",
          "room_size_estimation");

  public VsiBenchPrompts {
    prePrompt = prePrompt.isEmpty() ? "These are frames of a video." : prePrompt;
    multipleChoice =
        multipleChoice.isEmpty()
            ? "Answer with the option's letter from the given choices directly."
            : multipleChoice;
    numerical =
        numerical.isEmpty()
            ? "Please answer the question using a single word or phrase."
            : numerical;
  }

  /** The words of {@code vsibench}. */
  public static VsiBenchPrompts published() {
    return new VsiBenchPrompts("", "", "");
  }

  @Override
  public String text(BenchmarkRow row) {
    String question = row.text("question");
    String type = row.text("question_type");
    if (WITH_NUMBER.contains(type)) {
      return String.join("\n", prePrompt, question, numerical);
    }
    if (WITH_OPTIONS.contains(type)) {
      String options = String.join("\n", row.texts("options"));
      return String.join("\n", prePrompt, question, "Options:", options, multipleChoice);
    }
    throw new IllegalArgumentException("'question_type' is '" + type + "', which is none of ours");
  }

  @Override
  public int maxNewTokens() {
    return 16;
  }
}
