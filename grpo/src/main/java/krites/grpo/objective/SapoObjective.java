package krites.grpo.objective;

/**
 * A soft gate instead of a clip: {@code L = -A (4 / tau) sigmoid(tau (r - 1))}, steeper for bad
 * responses.
 *
 * <p>Source: SAPO (arXiv 2511.20347), {@code sapo} in EasyR1 and verl.
 *
 * @param tauPositive steepness where the advantage is not negative; above 0
 * @param tauNegative steepness where it is; above 0
 * @param guard where the log-ratio is held
 */
public record SapoObjective(double tauPositive, double tauNegative, LogRatioGuard guard)
    implements PolicyObjective {
  public SapoObjective {
    if (!(tauPositive > 0) || !(tauNegative > 0)) {
      throw new IllegalArgumentException(
          "gate steepness " + tauPositive + " and " + tauNegative + " must be above 0");
    }
  }

  @Override
  public RatioLevel level() {
    return RatioLevel.TOKEN;
  }

  @Override
  public TokenTerm term(double logRatio, double logProb, double advantage) {
    double tau = advantage >= 0 ? tauPositive : tauNegative;
    double sigmoid = 1 / (1 + Math.exp(-tau * (guard.ratio(logRatio) - 1)));
    double slope = 4 * sigmoid * (1 - sigmoid) * guard.slope(logRatio);
    return new TokenTerm(-advantage * 4 / tau * sigmoid, -advantage * slope, false, false);
  }
}
