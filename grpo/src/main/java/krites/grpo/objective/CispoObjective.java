package krites.grpo.objective;

/**
 * The clipped ratio as a constant weight on the log-prob: {@code L = -A clip(r) log p}, where only
 * {@code log p} carries a gradient, so that no token loses its own.
 *
 * <p>Source: CISPO (arXiv 2506.13585), {@code cispo} in EasyR1 and verl.
 *
 * @param clipLow the weight is at least {@code 1 - clipLow}; in [0, 1)
 * @param clipHigh the weight is at most {@code 1 + clipHigh}; at least 0
 * @param guard how {@code ppo_kl} is reported; the clip bounds the ratio already
 */
public record CispoObjective(double clipLow, double clipHigh, LogRatioGuard guard)
    implements PolicyObjective {
  public CispoObjective {
    ClippedObjective.requireClip(clipLow, clipHigh);
  }

  @Override
  public RatioLevel level() {
    return RatioLevel.TOKEN;
  }

  @Override
  public TokenTerm term(double logRatio, double logProb, double advantage) {
    double weight = ClippedObjective.clippedRatio(logRatio, clipLow, clipHigh);
    boolean clipped = !ClippedObjective.insideClip(logRatio, clipLow, clipHigh);
    return new TokenTerm(-advantage * weight * logProb, -advantage * weight, clipped, false);
  }
}
