package krites.grpo.objective;

/**
 * Loss of one token before aggregation.
 *
 * @param loss the value
 * @param slope derivative with respect to the log-ratio (equally, to the token's log-prob)
 * @param clippedHigh counts towards {@link PolicyLoss#clipFractionHigh()}
 * @param clippedLow counts towards {@link PolicyLoss#clipFractionLow()}
 */
record TokenTerm(double loss, double slope, boolean clippedHigh, boolean clippedLow) {
  /** The larger loss; where they are equal the slope is the mean of both, as in PyTorch. */
  static TokenTerm larger(TokenTerm a, TokenTerm b) {
    if (a.loss == b.loss) {
      return new TokenTerm(a.loss, (a.slope + b.slope) / 2, false, false);
    }
    return a.loss > b.loss ? a : b;
  }
}
