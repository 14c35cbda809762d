package krites.grpo.objective;

import java.util.Arrays;

/**
 * Reward of each response relative to its group.
 *
 * <p>Rules are given the rewards of one group, at least two, and return one advantage per response
 * in the same order. A group whose rewards are all equal has advantage exactly 0 under every rule.
 */
public sealed interface AdvantageRule {
  /**
   * {@code (r - mean) / (deviation + epsilon)} with the sample deviation (n - 1).
   *
   * <p>Source: GRPO (arXiv 2402.03300), outcome supervision; {@code compute_grpo_outcome_advantage}
   * of EasyR1.
   *
   * @param epsilon added to the deviation; 1e-6 in the published recipe
   */
  record Standardised(double epsilon) implements AdvantageRule {
    public Standardised {
      requireEpsilon(epsilon);
    }

    /** The published recipe: epsilon 1e-6. */
    public static Standardised published() {
      return new Standardised(1e-6);
    }
  }

  /**
   * {@link Standardised} as verl computes it for all groups at once: the variance in one pass of
   * {@code float32} sums, {@code (sum of squares - sum^2 / n) / (n - 1)}, and not below {@code
   * epsilon}. The result differs visibly from the formula where rewards lie close together. Here to
   * compare with verl; train with {@link Standardised}.
   *
   * <p>Source: {@code compute_grpo_vectorized_outcome_advantage} and {@code group_mean_std} of
   * verl.
   *
   * @param epsilon added to the deviation, and the smallest variance
   */
  record OnePassStandardised(double epsilon) implements AdvantageRule {
    public OnePassStandardised {
      requireEpsilon(epsilon);
    }
  }

  /**
   * {@code r - mean}: no division, so that easy and hard groups keep their scale. Source: Dr. GRPO,
   * 2503.20783.
   */
  record Centred() implements AdvantageRule {}

  /**
   * {@code r} minus the mean of the other rewards of the group. Source: RLOO (arXiv 2402.14740).
   */
  record LeaveOneOut() implements AdvantageRule {}

  /**
   * Only the best response is rewarded: {@code (best - second) / (deviation + epsilon)}, all others
   * 0.
   *
   * <p>Source: pass@k training (arXiv 2503.19595); {@code compute_grpo_passk_outcome_advantage} of
   * EasyR1.
   */
  record BestOnly(double epsilon) implements AdvantageRule {
    public BestOnly {
      requireEpsilon(epsilon);
    }
  }

  /**
   * The advantage of each response.
   *
   * @param rewards one finite number per response of one group, at least two
   * @return advantages in the order of the rewards; all zero when the rewards are equal
   * @throws IllegalArgumentException if fewer than two rewards are given or one is not finite
   */
  default double[] advantages(double... rewards) {
    requireGroup(rewards);
    int n = rewards.length;
    if (Arrays.stream(rewards).allMatch(r -> r == rewards[0])) {
      return new double[n];
    }
    double mean = Arrays.stream(rewards).sum() / n;
    return switch (this) {
      case Standardised(double epsilon) -> {
        double deviation = Math.sqrt(variance(rewards, mean));
        yield Arrays.stream(rewards).map(r -> (r - mean) / (deviation + epsilon)).toArray();
      }
      case OnePassStandardised(double epsilon) -> {
        double deviation = Math.sqrt(Math.max(onePassVariance(rewards), epsilon));
        yield Arrays.stream(rewards).map(r -> (r - mean) / (deviation + epsilon)).toArray();
      }
      case Centred() -> Arrays.stream(rewards).map(r -> r - mean).toArray();
      case LeaveOneOut() -> Arrays.stream(rewards).map(r -> (r - mean) * n / (n - 1)).toArray();
      case BestOnly(double epsilon) ->
          bestOnly(rewards, Math.sqrt(variance(rewards, mean)) + epsilon);
    };
  }

  private static double[] bestOnly(double[] rewards, double scale) {
    int best = 0;
    double second = Double.NEGATIVE_INFINITY;
    for (int i = 1; i < rewards.length; i++) {
      if (rewards[i] > rewards[best]) {
        second = rewards[best];
        best = i;
      } else {
        second = Math.max(second, rewards[i]);
      }
    }
    double[] advantages = new double[rewards.length];
    advantages[best] = (rewards[best] - second) / scale;
    return advantages;
  }

  /** Sample variance, divided by n - 1. */
  private static double variance(double[] rewards, double mean) {
    return Arrays.stream(rewards).map(r -> (r - mean) * (r - mean)).sum() / (rewards.length - 1);
  }

  private static float onePassVariance(double[] rewards) {
    float sum = 0;
    float squares = 0;
    for (double reward : rewards) {
      float single = (float) reward;
      sum += single;
      squares += single * single;
    }
    return (squares - sum * sum / rewards.length) / (rewards.length - 1);
  }

  private static void requireEpsilon(double epsilon) {
    if (!(epsilon >= 0) || !Double.isFinite(epsilon)) {
      throw new IllegalArgumentException("epsilon " + epsilon + " is not a number of at least 0");
    }
  }

  private static void requireGroup(double[] rewards) {
    if (rewards.length < 2) {
      throw new IllegalArgumentException(
          "an advantage within a group needs at least 2 rewards, got " + rewards.length);
    }
    for (double reward : rewards) {
      if (!Double.isFinite(reward)) {
        throw new IllegalArgumentException("reward " + reward + " in " + Arrays.toString(rewards));
      }
    }
  }
}
