package krites.eval.seeds;

/**
 * Student's t distribution for whole degrees of freedom.
 *
 * <p>Source: Abramowitz and Stegun, 26.7.3 and 26.7.4, the probability between -t and t as a finite
 * sum.
 */
final class StudentT {
  /** Halvings that bring any start interval below the resolution of a double. */
  private static final int HALVINGS = 200;

  private StudentT() {}

  /**
   * The t that the distribution stays within, on both sides, with a probability.
   *
   * @param within the probability, above 0 and below 1; 0.95 for an interval of 95 %
   * @param freedom degrees of freedom, at least 1
   */
  static double quantile(double within, int freedom) {
    if (!(within > 0 && within < 1) || freedom < 1) {
      throw new IllegalArgumentException("t of " + within + " with " + freedom + " degrees");
    }
    double low = 0;
    double high = 1;
    while (within(high, freedom) < within) {
      high *= 2;
    }
    for (int i = 0; i < HALVINGS && low < high; i++) {
      double middle = low + (high - low) / 2;
      if (within(middle, freedom) < within) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return high;
  }

  /** The probability between -t and t. */
  static double within(double t, int freedom) {
    double angle = Math.atan(t / Math.sqrt(freedom));
    double cosineSquared = Math.cos(angle) * Math.cos(angle);
    boolean odd = freedom % 2 == 1;
    double term = odd ? Math.cos(angle) : 1;
    double sum = odd && freedom == 1 ? 0 : term;
    for (int k = odd ? 2 : 1; k <= freedom - 3; k += 2) {
      term *= cosineSquared * k / (k + 1);
      sum += term;
    }
    return odd ? 2 / Math.PI * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
  }
}
