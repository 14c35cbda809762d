package krites.grpo.objective;

/**
 * The whole loss of an asynchronous run: {@code aggregate(w S(policy / proximal, A)) +
 * klCoefficient aggregate(KL)}, with the ratio against a proximal policy and a constant weight w
 * for the distance between it and the policy that sampled.
 *
 * <p>Source: decoupled objective of AReaL (arXiv 2505.24298). With staleness 0 everywhere, {@link
 * CorrectedTokens#STALE} and the recomputed rule it is {@link RegularisedObjective}.
 *
 * @param policy the surrogate S
 * @param proximal whose log-probs are the denominator of the ratio
 * @param correction the weight w
 * @param corrected which tokens it weighs
 * @param kl estimator of the divergence from the reference
 * @param klCoefficient weight of the divergence, at least 0; with 0 no reference is needed
 */
public record DecoupledObjective(
    PolicyObjective policy,
    ProximalRule proximal,
    Correction correction,
    CorrectedTokens corrected,
    KlEstimate kl,
    double klCoefficient) {
  public DecoupledObjective {
    if (!(klCoefficient >= 0) || !Double.isFinite(klCoefficient)) {
      throw new IllegalArgumentException(
          "KL coefficient " + klCoefficient + " is not a number of at least 0");
    }
    if (proximal == ProximalRule.BEHAVIOUR && !(correction instanceof Correction.None)) {
      throw new IllegalArgumentException(
          "with the behaviour policy as proximal policy every weight is 1, so "
              + correction
              + " does nothing");
    }
  }

  /**
   * What the loss reads; all tables (responses, tokens) in the shape of the mask.
   *
   * @param logProbs of the policy being trained
   * @param behaviour log-probs at sampling
   * @param start log-probs of the trainer before the step
   * @param staleness versions between each token and the policy being trained
   * @param advantages one per token
   * @param mask tokens that count
   */
  public record Tokens(
      double[][] logProbs,
      double[][] behaviour,
      double[][] start,
      double[][] staleness,
      double[][] advantages,
      TokenMask mask) {
    public Tokens {
      mask.requireShape(logProbs, "log-probs");
      mask.requireShape(behaviour, "behaviour log-probs");
      mask.requireShape(start, "log-probs before the step");
      mask.requireShape(staleness, "staleness");
      mask.requireShape(advantages, "advantages");
    }
  }

  /**
   * The published recipe with our correction for stale tokens: {@link RegularisedObjective
   * #published()} and token weights truncated at 2.
   */
  public static DecoupledObjective published() {
    return new DecoupledObjective(
        ClippedObjective.published(),
        ProximalRule.RECOMPUTED,
        new Correction.TruncatedToken(2),
        CorrectedTokens.STALE,
        KlEstimate.K3,
        0.01);
  }

  /** The same loss with other clip bounds and another KL coefficient. */
  public DecoupledObjective with(double clipLow, double clipHigh, double otherKlCoefficient) {
    return new DecoupledObjective(
        policy.withClip(clipLow, clipHigh),
        proximal,
        correction,
        corrected,
        kl,
        otherKlCoefficient);
  }

  /**
   * The tokens with proximal log-probs and weights worked out: what is constant in the gradient.
   */
  public PolicyTokens constants(Tokens tokens) {
    return new PolicyTokens(
        proximalLogProbs(tokens),
        tokens.logProbs(),
        tokens.advantages(),
        tokens.mask(),
        factors(tokens).values());
  }

  /** The weights with what there is to report of them. */
  public Correction.Factors factors(Tokens tokens) {
    double[][] logWeights = proximalLogProbs(tokens);
    for (int i = 0; i < logWeights.length; i++) {
      for (int t = 0; t < logWeights[i].length; t++) {
        boolean weighs = corrected == CorrectedTokens.ALL || tokens.staleness()[i][t] > 0;
        logWeights[i][t] = weighs ? logWeights[i][t] - tokens.behaviour()[i][t] : 0;
      }
    }
    return correction.factors(logWeights, tokens.mask());
  }

  /** Loss and gradient of one micro-batch; {@code refLogProbs} has the shape of the tokens. */
  public RegularisedObjective.Loss evaluate(
      Tokens tokens, double[][] refLogProbs, Aggregation aggregation) {
    return new RegularisedObjective(policy, kl, klCoefficient, aggregation)
        .evaluate(constants(tokens), refLogProbs);
  }

  private double[][] proximalLogProbs(Tokens tokens) {
    double[][] logProbs = tokens.mask().zeros();
    for (int i = 0; i < logProbs.length; i++) {
      for (int t = 0; t < logProbs[i].length; t++) {
        logProbs[i][t] =
            proximal.logProb(
                tokens.start()[i][t],
                tokens.behaviour()[i][t],
                tokens.logProbs()[i][t],
                tokens.staleness()[i][t]);
      }
    }
    return logProbs;
  }
}
