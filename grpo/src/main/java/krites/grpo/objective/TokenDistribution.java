package krites.grpo.objective;

/**
 * Log-probs and entropy from logits over the whole vocabulary, no top-p cut, computed in double.
 *
 * <p>Source: {@code log_probs_from_logits} of EasyR1, {@code entropy_from_logits} of verl.
 */
public final class TokenDistribution {
  private TokenDistribution() {}

  /**
   * Log-probs of all tokens, {@code log softmax(logits / temperature)}.
   *
   * @param logits one per token of the vocabulary
   * @param temperature divides the logits; above 0
   */
  public static double[] logProbs(double[] logits, double temperature) {
    if (!(temperature > 0)) {
      throw new IllegalArgumentException("temperature " + temperature + " is not above 0");
    }
    double[] scaled = new double[logits.length];
    double max = Double.NEGATIVE_INFINITY;
    for (int v = 0; v < logits.length; v++) {
      scaled[v] = logits[v] / temperature;
      max = Math.max(max, scaled[v]);
    }
    double sum = 0;
    for (double logit : scaled) {
      sum += Math.exp(logit - max);
    }
    double logTotal = max + Math.log(sum);
    for (int v = 0; v < scaled.length; v++) {
      scaled[v] -= logTotal;
    }
    return scaled;
  }

  /**
   * Derivative of the log-prob of {@code token} with respect to each logit: {@code (1[v = token] -
   * p_v) / temperature}.
   */
  public static double[] logProbGradient(double[] logits, int token, double temperature) {
    double[] gradient = logProbs(logits, temperature);
    for (int v = 0; v < gradient.length; v++) {
      gradient[v] = ((v == token ? 1 : 0) - Math.exp(gradient[v])) / temperature;
    }
    return gradient;
  }

  /** Entropy of {@code softmax(logits / temperature)}, in nats. */
  public static double entropy(double[] logits, double temperature) {
    double entropy = 0;
    for (double logProb : logProbs(logits, temperature)) {
      double p = Math.exp(logProb);
      entropy -= p == 0 ? 0 : p * logProb;
    }
    return entropy;
  }
}
