package krites.grpo.objective;

/** A policy loss per token, made of the probability ratio and the advantage. */
public sealed interface PolicyObjective permits ClippedObjective, CispoObjective, SapoObjective {
  /** Where the log-ratio is held. */
  LogRatioGuard guard();

  /** Whose ratio a token uses. */
  RatioLevel level();

  /** The same surrogate with other clip bounds; one without a clip is returned as it is. */
  default PolicyObjective withClip(double clipLow, double clipHigh) {
    return switch (this) {
      case ClippedObjective clipped ->
          new ClippedObjective(clipLow, clipHigh, clipped.dualClip(), level(), guard());
      case CispoObjective _ -> new CispoObjective(clipLow, clipHigh, guard());
      case SapoObjective sapo -> sapo;
    };
  }

  /**
   * Loss of one token.
   *
   * @param logRatio log-ratio the token uses
   * @param logProb the token's log-prob
   * @param advantage the token's advantage
   */
  TokenTerm term(double logRatio, double logProb, double advantage);

  /**
   * The aggregated loss with metrics and gradient. Tokens that do not count may hold anything
   * finite.
   */
  default PolicyLoss evaluate(PolicyTokens tokens, Aggregation aggregation) {
    TokenMask mask = tokens.mask();
    double[][] weights = aggregation.weights(mask);
    double[][] gradient = mask.zeros();
    double value = 0;
    double high = 0;
    double low = 0;
    double kl = 0;
    for (int i = 0; i < mask.rows(); i++) {
      double[] own = tokens.logRatios(i);
      double[] used = level().logRatios(own, mask, i);
      double[] slopes = new double[own.length];
      for (int t = 0; t < own.length; t++) {
        if (mask.at(i, t)) {
          TokenTerm term = term(used[t], tokens.logProbs()[i][t], tokens.advantages()[i][t]);
          double weight = weights[i][t] * tokens.importanceWeights()[i][t];
          value += weight * term.loss();
          slopes[t] = weight * term.slope();
          high += term.clippedHigh() ? 1 : 0;
          low += term.clippedLow() ? 1 : 0;
          kl -= guard().reported(own[t]);
        }
      }
      gradient[i] = level().gradient(slopes, mask, i);
    }
    double count = mask.count() + MaskedStatistics.EPSILON;
    return new PolicyLoss(value, gradient, high / count, low / count, kl / count);
  }
}
