package krites.eval;

import java.util.Locale;

/** A confidence interval, both ends included. */
public record Interval(double low, double high) {
  public Interval {
    if (!(low <= high)) {
      throw new IllegalArgumentException("an interval from " + low + " to " + high);
    }
  }

  /** For a person: both ends with three digits. */
  public String text() {
    return String.format(Locale.ROOT, "[%.3f, %.3f]", low, high);
  }
}
