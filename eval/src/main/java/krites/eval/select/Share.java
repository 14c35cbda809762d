package krites.eval.select;

import krites.eval.Interval;

/**
 * A share of items that are right.
 *
 * @param value from 0 to 1
 * @param items at least 1
 */
public record Share(double value, long items) {
  /** Of a normal distribution, 95 % on both sides. */
  static final double Z = 1.959964;

  public Share {
    if (!(value >= 0 && value <= 1) || items < 1) {
      throw new IllegalArgumentException("a share of " + value + " of " + items + " items");
    }
  }

  /** Wilson's interval of 95 %, which does not vanish where all or none are right. */
  public Interval interval() {
    double z2 = Z * Z;
    double centre = (value + z2 / (2 * items)) / (1 + z2 / items);
    double half =
        Z / (1 + z2 / items) * Math.sqrt(value * (1 - value) / items + z2 / (4.0 * items * items));
    // A centre that was rounded must not leave the value outside.
    return new Interval(
        Math.max(0, Math.min(value, centre - half)), Math.min(1, Math.max(value, centre + half)));
  }

  /** Of the mean over other items of the same kind; never quite 0. */
  double variance() {
    double smoothed = (value * items + 1) / (items + 2);
    return smoothed * (1 - smoothed) / items;
  }
}
