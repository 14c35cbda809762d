package krites.grpo.objective;

/**
 * The whole loss of one micro-batch: policy loss plus {@code klCoefficient} times the aggregated KL
 * to the reference.
 *
 * <p>Source: the update of EasyR1's actor ({@code dp_actor.py}); the published recipe has
 * coefficient 0.01, estimate k3 and the token mean.
 *
 * @param policy the policy loss
 * @param kl how the divergence is estimated per token
 * @param klCoefficient weight of the divergence; 0 for none
 * @param aggregation how token losses, of both kinds, become one number
 */
public record RegularisedObjective(
    PolicyObjective policy, KlEstimate kl, double klCoefficient, Aggregation aggregation) {
  public RegularisedObjective {
    if (!(klCoefficient >= 0) || !Double.isFinite(klCoefficient)) {
      throw new IllegalArgumentException(
          "KL coefficient " + klCoefficient + " is not a number of at least 0");
    }
  }

  /**
   * Loss and gradient of one micro-batch.
   *
   * @param total what is minimised
   * @param policy the policy part, with its metrics
   * @param kl the aggregated divergence, before the coefficient
   * @param gradient derivative of {@code total} with respect to each policy log-prob, (responses,
   *     tokens)
   */
  public record Loss(double total, PolicyLoss policy, double kl, double[][] gradient) {}

  /**
   * The published recipe: clip 0.2 and 0.3, dual clip 3, k3 with 0.01, token mean of the
   * micro-batch.
   */
  public static RegularisedObjective published() {
    return new RegularisedObjective(
        ClippedObjective.published(), KlEstimate.K3, 0.01, new Aggregation.TokenMean());
  }

  /** Evaluates the loss; {@code refLogProbs} has the shape of the tokens. */
  public Loss evaluate(PolicyTokens tokens, double[][] refLogProbs) {
    TokenMask mask = tokens.mask();
    mask.requireShape(refLogProbs, "reference log-probs");
    PolicyLoss policyLoss = policy.evaluate(tokens, aggregation);
    double[][] weights = aggregation.weights(mask);
    double[][] gradient = mask.zeros();
    double klMean = 0;
    for (int i = 0; i < gradient.length; i++) {
      for (int t = 0; t < gradient[i].length; t++) {
        if (mask.at(i, t)) {
          double logProb = tokens.logProbs()[i][t];
          klMean += weights[i][t] * kl.value(logProb, refLogProbs[i][t]);
          double klSlope = klCoefficient * weights[i][t] * kl.gradient(logProb, refLogProbs[i][t]);
          gradient[i][t] = policyLoss.gradient()[i][t] + klSlope;
        }
      }
    }
    return new Loss(policyLoss.value() + klCoefficient * klMean, policyLoss, klMean, gradient);
  }
}
