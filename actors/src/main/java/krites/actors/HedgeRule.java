package krites.actors;

import java.util.Arrays;
import java.util.OptionalLong;

/** When a group is so slow that a second worker is asked for it: a multiple of the median. */
final class HedgeRule {
  private static final int WINDOW = 128; // groups: enough for a median, few enough to follow a run

  private static final int FEWEST = 16; // groups before a median means anything

  private final double factor;
  private final long[] took = new long[WINDOW];
  private int count;

  /**
   * @param factor of the median; 0 for no hedges
   */
  HedgeRule(double factor) {
    this.factor = factor;
  }

  /** A group was complete after this time at its worker. */
  void took(long nanos) {
    took[count++ % WINDOW] = nanos;
  }

  /** The time after which a group is slow; empty without hedges or before anything is known. */
  OptionalLong limitNanos() {
    if (factor == 0 || count < FEWEST) {
      return OptionalLong.empty();
    }
    long[] sorted = Arrays.copyOf(took, Math.min(count, WINDOW));
    Arrays.sort(sorted);
    return OptionalLong.of((long) (factor * sorted[sorted.length / 2]));
  }
}
