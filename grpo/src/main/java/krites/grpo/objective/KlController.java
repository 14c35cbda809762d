package krites.grpo.objective;

/** The coefficient of the KL penalty over time; immutable. */
public sealed interface KlController {
  /** The coefficient to use now. */
  double coefficient();

  /**
   * The controller after some more responses.
   *
   * @param currentKl divergence measured, in nats
   * @param responses how many responses it was measured on (EasyR1's {@code n_steps})
   */
  KlController after(double currentKl, long responses);

  /** Never changes. */
  record Fixed(double coefficient) implements KlController {
    public Fixed {
      if (!(coefficient >= 0)) {
        throw new IllegalArgumentException("KL coefficient " + coefficient + " is negative");
      }
    }

    @Override
    public KlController after(double currentKl, long responses) {
      return this;
    }
  }

  /**
   * Multiplies the coefficient by {@code 1 + error * responses / horizon}, with {@code error =
   * currentKl / target - 1} held within 0.2.
   *
   * <p>Source: Ziegler et al. (arXiv 1909.08593), section 2.2; {@code AdaptiveKLController} of
   * EasyR1.
   *
   * @param coefficient the coefficient now
   * @param target divergence aimed at, in nats; above 0
   * @param horizon responses over which an error acts; above 0
   */
  record Adaptive(double coefficient, double target, double horizon) implements KlController {
    private static final double ERROR_LIMIT = 0.2;

    public Adaptive {
      if (!(coefficient >= 0) || !(target > 0) || !(horizon > 0)) {
        throw new IllegalArgumentException(
            "adaptive KL: coefficient "
                + coefficient
                + ", target "
                + target
                + ", horizon "
                + horizon);
      }
    }

    @Override
    public KlController after(double currentKl, long responses) {
      double error = Math.clamp(currentKl / target - 1, -ERROR_LIMIT, ERROR_LIMIT);
      return new Adaptive(coefficient * (1 + error * responses / horizon), target, horizon);
    }
  }
}
