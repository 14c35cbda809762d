package krites.grpo.objective;

/**
 * Truncated importance weight for responses of an older policy: {@code min(exp(proximal -
 * behaviour), cap)} per token, multiplied onto the token loss as a constant.
 *
 * <p>The behaviour log-prob is the one stored at sampling, the proximal one comes from the learner
 * before the step. On the same weights in exact arithmetic the weight is 1. Source: decoupled
 * objective of AReaL (arXiv 2505.24298) with the truncation of IMPALA (1802.01561); the cap of 2 is
 * the default of verl's rollout correction.
 *
 * @param cap largest weight, at least 1; infinite for no truncation
 */
public record ImportanceWeight(double cap) {
  public ImportanceWeight {
    if (!(cap >= 1)) {
      throw new IllegalArgumentException("importance weight cap " + cap + " is below 1");
    }
  }

  /**
   * Weights of a batch with what there is to report.
   *
   * @param values one weight per token, (responses, tokens); 1 where the mask is false
   * @param mean mean over the tokens that count, after truncation; 0 when none counts
   * @param max largest weight that counts, after truncation; 0 when none counts
   * @param truncatedFraction share of tokens at which the cap held
   */
  public record Weights(double[][] values, double mean, double max, double truncatedFraction) {}

  /** The weight of one token. */
  public double of(double proximalLogProb, double behaviourLogProb) {
    return Math.min(Math.exp(proximalLogProb - behaviourLogProb), cap);
  }

  /** The weights of a batch. */
  public Weights of(double[][] proximalLogProbs, double[][] behaviourLogProbs, TokenMask mask) {
    mask.requireShape(proximalLogProbs, "proximal log-probs");
    mask.requireShape(behaviourLogProbs, "behaviour log-probs");
    double[][] values = mask.zeros();
    double sum = 0;
    double max = 0;
    double truncated = 0;
    for (int i = 0; i < values.length; i++) {
      for (int t = 0; t < values[i].length; t++) {
        values[i][t] = 1;
        if (mask.at(i, t)) {
          double logRatio = proximalLogProbs[i][t] - behaviourLogProbs[i][t];
          values[i][t] = of(proximalLogProbs[i][t], behaviourLogProbs[i][t]);
          sum += values[i][t];
          max = Math.max(max, values[i][t]);
          truncated += Math.exp(logRatio) > cap ? 1 : 0;
        }
      }
    }
    double count = Math.max(1, mask.count());
    return new Weights(values, sum / count, max, truncated / count);
  }
}
