package krites.reward;

/**
 * The reward of one response.
 *
 * @param overall the weighted sum
 * @param format 1 where the layout is as asked, else 0
 * @param accuracy 1 where the answer is right, else 0
 */
public record AnswerScore(double overall, double format, double accuracy) {
  /** {@code (1 - formatWeight) * accuracy + formatWeight * format}. */
  static AnswerScore weighted(double formatWeight, boolean format, boolean accurate) {
    double f = format ? 1 : 0;
    double a = accurate ? 1 : 0;
    return new AnswerScore((1 - formatWeight) * a + formatWeight * f, f, a);
  }

  static double checkedWeight(double formatWeight) {
    if (!(formatWeight >= 0 && formatWeight <= 1)) {
      throw new IllegalArgumentException("format weight " + formatWeight + " is not in [0, 1]");
    }
    return formatWeight;
  }
}
