package krites.grpo.objective;

/**
 * The clipped surrogate with a second clip for bad responses: with ratio r and advantage A, {@code
 * L = max(-A r, -A clip(r, 1 - low, 1 + high))}, and where A is negative {@code min(L, -dual A)}.
 *
 * <p>Source: PPO (arXiv 1707.06347), asymmetric bounds of DAPO (2503.14476), dual clip
 * (1912.09729); {@code compute_policy_loss} of EasyR1. With a sequence level it is GSPO
 * (2507.18071).
 *
 * @param clipLow the ratio earns nothing below {@code 1 - clipLow}; in [0, 1)
 * @param clipHigh the ratio earns nothing above {@code 1 + clipHigh}; at least 0
 * @param dualClip largest multiple of {@code -A} that a negative advantage may cost; above 1,
 *     infinite for none
 * @param level whose ratio a token uses
 * @param guard where the log-ratio is held
 */
public record ClippedObjective(
    double clipLow, double clipHigh, double dualClip, RatioLevel level, LogRatioGuard guard)
    implements PolicyObjective {
  public ClippedObjective {
    requireClip(clipLow, clipHigh);
    if (!(dualClip > 1)) {
      throw new IllegalArgumentException("dual clip " + dualClip + " is not above 1");
    }
  }

  /**
   * The published recipe, one ratio per token: 0.2, 0.3 and 3, with the overflow guard of EasyR1.
   */
  public static ClippedObjective published() {
    return new ClippedObjective(0.2, 0.3, 3, RatioLevel.TOKEN, LogRatioGuard.EASYR1);
  }

  @Override
  public TokenTerm term(double logRatio, double logProb, double advantage) {
    boolean inside = insideClip(logRatio, clipLow, clipHigh);
    double clippedRatio = clippedRatio(logRatio, clipLow, clipHigh);
    TokenTerm free =
        new TokenTerm(
            -advantage * guard.ratio(logRatio), -advantage * guard.slope(logRatio), false, false);
    TokenTerm held =
        new TokenTerm(
            -advantage * clippedRatio, inside ? -advantage * clippedRatio : 0, false, false);
    TokenTerm higher = inside ? free : TokenTerm.larger(free, held);
    boolean clippedHigh = !inside && free.loss() < held.loss();
    boolean capped = advantage < 0 && higher.loss() > -advantage * dualClip;
    return capped
        ? new TokenTerm(-advantage * dualClip, 0, clippedHigh, true)
        : new TokenTerm(higher.loss(), higher.slope(), clippedHigh, false);
  }

  static void requireClip(double clipLow, double clipHigh) {
    if (!(clipLow >= 0 && clipLow < 1) || !(clipHigh >= 0)) {
      throw new IllegalArgumentException(
          "clip bounds "
              + clipLow
              + " (below, in [0, 1)) and "
              + clipHigh
              + " (above, at least 0)");
    }
  }

  static boolean insideClip(double logRatio, double clipLow, double clipHigh) {
    return logRatio >= Math.log(1 - clipLow) && logRatio <= Math.log(1 + clipHigh);
  }

  static double clippedRatio(double logRatio, double clipLow, double clipHigh) {
    return Math.exp(Math.min(Math.max(logRatio, Math.log(1 - clipLow)), Math.log(1 + clipHigh)));
  }
}
