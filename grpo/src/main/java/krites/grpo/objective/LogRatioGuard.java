package krites.grpo.objective;

/**
 * Where the log of the probability ratio is held before the exponential, so that it cannot
 * overflow. Beyond a bound the gradient is 0.
 *
 * @param min lower bound
 * @param max upper bound
 * @param boundsKl whether the reported {@code ppo_kl} is the mean of the bounded log-ratios
 */
public record LogRatioGuard(double min, double max, boolean boundsKl) {
  /** No bounds: the copy of EasyR1 in LLaVA-Critic-R1. */
  public static final LogRatioGuard NONE =
      new LogRatioGuard(Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY, false);

  /** 20 on both sides for the ratio only: EasyR1 since v0.3.1. */
  public static final LogRatioGuard EASYR1 = new LogRatioGuard(-20, 20, false);

  /** 20 on both sides for all that follows: verl, {@code compute_policy_loss_vanilla}. */
  public static final LogRatioGuard VERL = new LogRatioGuard(-20, 20, true);

  /** 10 above: verl, {@code compute_policy_loss_gspo}. */
  public static final LogRatioGuard VERL_SEQUENCE =
      new LogRatioGuard(Double.NEGATIVE_INFINITY, 10, false);

  public LogRatioGuard {
    if (!(min < max)) {
      throw new IllegalArgumentException("log-ratio bounds " + min + " and " + max);
    }
  }

  /** The probability ratio. */
  double ratio(double logRatio) {
    return Math.exp(Math.min(Math.max(logRatio, min), max));
  }

  /** Derivative of the ratio with respect to the log-ratio. */
  double slope(double logRatio) {
    return logRatio >= min && logRatio <= max ? ratio(logRatio) : 0;
  }

  /** The log-ratio that enters the reported KL. */
  double reported(double logRatio) {
    return boundsKl ? Math.min(Math.max(logRatio, min), max) : logRatio;
  }
}
