package krites.grpo.objective;

import java.util.Locale;

/**
 * Estimate of the divergence of the policy from the reference at one sampled token, from the two
 * log-probs.
 *
 * <p>Source: J. Schulman, "Approximating KL divergence" (2020), k1, k2, k3; {@code compute_kl} of
 * EasyR1 and {@code kl_penalty} of verl, whose clamps of k3 are part of the definition here, and
 * whose names that end in {@code +} have the value of one estimate and the gradient of {@link #K2}:
 * of all of these, it alone has the gradient of the divergence in expectation.
 */
public enum KlEstimate {
  /** {@code logProb - refLogProb}: unbiased, may be negative. Also called {@code kl}. */
  K1,
  /** Absolute value of {@link #K1}. */
  ABSOLUTE,
  /** Half the square of {@link #K1}. Also called {@code mse}. */
  K2,
  /**
   * {@code exp(d) - d - 1} with {@code d = refLogProb - logProb}: unbiased, never negative. The
   * published recipe.
   */
  K3,
  /** The value of {@link #K1}, the gradient of {@link #K2}. */
  K1_VALUE_K2_GRADIENT,
  /** The value of {@link #ABSOLUTE}, the gradient of {@link #K2}. */
  ABSOLUTE_VALUE_K2_GRADIENT,
  /** The value of {@link #K3}, the gradient of {@link #K2}, which no clamp holds. */
  K3_VALUE_K2_GRADIENT;

  /** What {@link #named} reads, for messages. */
  public static final String NAMES =
      "k1, kl, abs, k2, mse, k3, low_var_kl, or one of these with + behind it";

  /** The log-ratio of k3 is held within this before the exponential. */
  public static final double LOG_RATIO_LIMIT = 20;

  /** The value of k3 is held within this. */
  public static final double K3_LIMIT = 10;

  /**
   * Reads the {@link #NAMES} of the references, upper or lower case: low_var_kl is k3, and {@code
   * +} says that the gradient is that of k2. It changes nothing about k2 itself.
   *
   * @throws IllegalArgumentException for any other name
   */
  public static KlEstimate named(String name) {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "kl", "k1" -> K1;
      case "abs" -> ABSOLUTE;
      case "mse", "k2", "mse+", "k2+" -> K2;
      case "low_var_kl", "k3" -> K3;
      case "kl+", "k1+" -> K1_VALUE_K2_GRADIENT;
      case "abs+" -> ABSOLUTE_VALUE_K2_GRADIENT;
      case "low_var_kl+", "k3+" -> K3_VALUE_K2_GRADIENT;
      default ->
          throw new IllegalArgumentException("KL estimate '" + name + "' is none of " + NAMES);
    };
  }

  /** The estimate, in nats. */
  public double value(double logProb, double refLogProb) {
    double difference = logProb - refLogProb;
    return switch (this) {
      case K1, K1_VALUE_K2_GRADIENT -> difference;
      case ABSOLUTE, ABSOLUTE_VALUE_K2_GRADIENT -> Math.abs(difference);
      case K2 -> 0.5 * difference * difference;
      case K3, K3_VALUE_K2_GRADIENT -> Math.clamp(rawK3(difference), -K3_LIMIT, K3_LIMIT);
    };
  }

  /**
   * What the loss takes for the derivative with respect to {@code logProb}: of the estimate itself,
   * 0 where a clamp holds, or of {@link #K2}, as the constant says.
   */
  public double gradient(double logProb, double refLogProb) {
    double difference = logProb - refLogProb;
    return switch (this) {
      case K1 -> 1;
      case ABSOLUTE -> Math.signum(difference);
      case K2, K1_VALUE_K2_GRADIENT, ABSOLUTE_VALUE_K2_GRADIENT, K3_VALUE_K2_GRADIENT -> difference;
      case K3 -> {
        boolean held = Math.abs(difference) > LOG_RATIO_LIMIT || rawK3(difference) > K3_LIMIT;
        yield held ? 0 : -Math.expm1(-difference);
      }
    };
  }

  /**
   * The divergence itself, from both whole distributions: the sum of {@code p * (log p - log q)}.
   *
   * @param logProbs log-probs of the policy over the vocabulary
   * @param refLogProbs log-probs of the reference, same length
   */
  public static double full(double[] logProbs, double[] refLogProbs) {
    if (logProbs.length != refLogProbs.length) {
      throw new IllegalArgumentException(
          "distributions over " + logProbs.length + " and " + refLogProbs.length + " tokens");
    }
    double sum = 0;
    for (int v = 0; v < logProbs.length; v++) {
      double p = Math.exp(logProbs[v]);
      sum += p == 0 ? 0 : p * (logProbs[v] - refLogProbs[v]);
    }
    return sum;
  }

  private static double rawK3(double difference) {
    double d = Math.clamp(-difference, -LOG_RATIO_LIMIT, LOG_RATIO_LIMIT);
    return Math.expm1(d) - d;
  }
}
