package krites.grpo.objective;

/** The learning rate as a function of the step, which counts from 0. */
public sealed interface LearningRate {
  /** The rate of step {@code step}, from 0. */
  double at(long step);

  /** The same course with another peak. */
  LearningRate withPeak(double peak);

  /**
   * A straight rise from 0 over the warm-up, then constant.
   *
   * <p>Source: {@code get_constant_schedule_with_warmup} of EasyR1. With a warm-up the rate of step
   * 0 is 0; without one it is {@code base} (the release used by LLaVA-Critic-R1 began with 0 even
   * then).
   *
   * @param base the rate after the warm-up
   * @param warmupSteps steps of the rise; 0 for none
   */
  record Constant(double base, long warmupSteps) implements LearningRate {
    public Constant {
      requireRate(base, warmupSteps);
    }

    @Override
    public double at(long step) {
      return step < warmupSteps ? base * ((double) step / warmupSteps) : base;
    }

    @Override
    public LearningRate withPeak(double peak) {
      return new Constant(peak, warmupSteps);
    }
  }

  /**
   * A straight rise over the warm-up, then half a cosine down.
   *
   * <p>Source: {@code get_cosine_schedule_with_warmup} of EasyR1; beyond the last step the cosine
   * goes on.
   *
   * @param base the rate after the warm-up
   * @param warmupSteps steps of the rise; 0 for none
   * @param totalSteps steps until the minimum, the warm-up included
   * @param minRatio lowest rate as a part of {@code base}, in [0, 1]
   * @param initialRatio rate of step 0 as a part of {@code base}, in [0, 1]; used with a warm-up
   *     only
   */
  record Cosine(
      double base, long warmupSteps, long totalSteps, double minRatio, double initialRatio)
      implements LearningRate {
    public Cosine {
      requireRate(base, warmupSteps);
      if (!(minRatio >= 0 && minRatio <= 1) || !(initialRatio >= 0 && initialRatio <= 1)) {
        throw new IllegalArgumentException(
            "ratios " + minRatio + " and " + initialRatio + " are not in [0, 1]");
      }
    }

    @Override
    public double at(long step) {
      if (step < warmupSteps) {
        return base * (initialRatio + (1 - initialRatio) * ((double) step / warmupSteps));
      }
      double progress = (double) (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps);
      double height = Math.cos(Math.PI * progress) * (1 - minRatio) / 2 + (1 + minRatio) / 2;
      return base * Math.max(minRatio, height);
    }

    @Override
    public LearningRate withPeak(double peak) {
      return new Cosine(peak, warmupSteps, totalSteps, minRatio, initialRatio);
    }
  }

  private static void requireRate(double base, long warmupSteps) {
    if (!(base >= 0) || !Double.isFinite(base) || warmupSteps < 0) {
      throw new IllegalArgumentException(
          "learning rate " + base + " with " + warmupSteps + " warm-up steps");
    }
  }
}
