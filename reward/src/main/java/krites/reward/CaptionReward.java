package krites.reward;

/**
 * The boxed answer graded, with the caption/think/boxed layout.
 *
 * <p>Source: {@code compute_score} of LLaVA-Critic-R1 {@code examples/reward_function/caption.py};
 * weight 0.1.
 */
public final class CaptionReward {
  private final double formatWeight;

  /**
   * A reward with its weight of the format term.
   *
   * @param formatWeight from 0 to 1
   * @throws IllegalArgumentException if the weight is outside
   */
  public CaptionReward(double formatWeight) {
    this.formatWeight = AnswerScore.checkedWeight(formatWeight);
  }

  /**
   * Scores one response against the expected answer; total for every text, linear but for the
   * algebra.
   */
  public AnswerScore score(String response, String truth) {
    String text = WhitespaceSqueeze.squeeze(response);
    return AnswerScore.weighted(
        formatWeight,
        FormatRule.CAPTION_THINK_BOXED.matches(text),
        AnswerGrader.grade(BoxedAnswer.extract(text), truth));
  }
}
