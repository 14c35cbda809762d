package krites.grpo.objective;

import java.util.Arrays;

/**
 * What a policy loss reads, all tables (responses, tokens) in the shape of the mask.
 *
 * @param proximalLogProbs log-probs of the policy that the step starts from, the denominator of the
 *     ratio
 * @param logProbs log-probs of the policy being trained
 * @param advantages one per token
 * @param mask tokens that count
 * @param importanceWeights factor on each token loss, constant for the gradient; 1 where responses
 *     are on-policy
 */
public record PolicyTokens(
    double[][] proximalLogProbs,
    double[][] logProbs,
    double[][] advantages,
    TokenMask mask,
    double[][] importanceWeights) {
  public PolicyTokens {
    mask.requireShape(proximalLogProbs, "proximal log-probs");
    mask.requireShape(logProbs, "log-probs");
    mask.requireShape(advantages, "advantages");
    mask.requireShape(importanceWeights, "importance weights");
  }

  /** Tokens with importance weight 1. */
  public static PolicyTokens of(
      double[][] proximalLogProbs, double[][] logProbs, double[][] advantages, TokenMask mask) {
    double[][] ones = mask.zeros();
    for (double[] row : ones) {
      Arrays.fill(row, 1);
    }
    return new PolicyTokens(proximalLogProbs, logProbs, advantages, mask, ones);
  }

  /** The same tokens with other log-probs of the policy being trained. */
  public PolicyTokens withLogProbs(double[][] other) {
    return new PolicyTokens(proximalLogProbs, other, advantages, mask, importanceWeights);
  }

  /** Log of the probability ratio of one row: policy over proximal policy. */
  double[] logRatios(int row) {
    double[] ratios = new double[logProbs[row].length];
    for (int t = 0; t < ratios.length; t++) {
      ratios[t] = logProbs[row][t] - proximalLogProbs[row][t];
    }
    return ratios;
  }
}
