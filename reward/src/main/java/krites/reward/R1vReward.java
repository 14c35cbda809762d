package krites.reward;

/**
 * The answer between answer tags graded, with the think/answer layout; white space is left as it
 * is.
 *
 * <p>Source: {@code compute_score} of EasyR1 {@code examples/reward_function/r1v.py}; weight 0.5.
 */
public final class R1vReward {
  private final double formatWeight;

  /**
   * A reward with its weight of the format term.
   *
   * @param formatWeight from 0 to 1
   * @throws IllegalArgumentException if the weight is outside
   */
  public R1vReward(double formatWeight) {
    this.formatWeight = AnswerScore.checkedWeight(formatWeight);
  }

  /**
   * Scores one response against the expected answer; total for every text, linear but for the
   * algebra.
   */
  public AnswerScore score(String response, String truth) {
    boolean accurate =
        AnswerGrader.grade(PythonText.strip(answer(response)), PythonText.strip(truth));
    return AnswerScore.weighted(formatWeight, FormatRule.THINK_ANSWER.matches(response), accurate);
  }

  /** The first answer on one line between its tags, or the whole response. */
  private static String answer(String response) {
    int open = response.indexOf("<answer>");
    while (open >= 0) {
      int start = open + "<answer>".length();
      int close = response.indexOf("</answer>", start);
      if (close < 0) {
        return response;
      }
      int lineEnd = response.indexOf('\n', start);
      if (lineEnd < 0 || lineEnd > close) {
        return response.substring(start, close);
      }
      open = response.indexOf("<answer>", lineEnd);
    }
    return response;
  }
}
