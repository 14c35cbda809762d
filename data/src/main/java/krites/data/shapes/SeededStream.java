package krites.data.shapes;

import java.util.List;

/**
 * A stream of pseudo-random numbers that is the same on every machine: SplitMix64 (Steele, Lea,
 * Flood, OOPSLA 2014). Not thread safe; made where it is used.
 */
final class SeededStream {
  private static final long GAMMA = 0x9E3779B97F4A7C15L;
  private long state;

  private SeededStream(long state) {
    this.state = state;
  }

  /** The stream of one purpose of one item. Streams of different arguments are unrelated. */
  static SeededStream of(long seed, Split split, long index, Purpose purpose) {
    long state = mix(seed);
    state = mix(state + 31L * split.ordinal() + purpose.ordinal() + 1);
    return new SeededStream(mix(state + index));
  }

  /**
   * What the numbers of a stream decide; a new purpose goes to the end, so that old items stay as
   * they are.
   */
  enum Purpose {
    ITEM,
    PICTURE,
    PAIR,
    LABEL,
    TASK,
    TEACHER
  }

  /** Spreads the bits of a number over all 64. */
  static long mix(long value) {
    long z = value + GAMMA;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  private long next() {
    long value = mix(state);
    state += GAMMA;
    return value;
  }

  /** A whole number from 0 to {@code bound - 1}; the bias is below {@code bound / 2^53}. */
  int below(int bound) {
    return (int) (unit() * bound);
  }

  /** A whole number from {@code low} to {@code high}, both included. */
  int between(int low, int high) {
    return low + below(high - low + 1);
  }

  /** True with the given probability; always draws one number. */
  boolean chance(double probability) {
    return unit() < probability;
  }

  <T> T pick(List<T> choices) {
    return choices.get(below(choices.size()));
  }

  /** A number in [0, 1). */
  double unit() {
    return (next() >>> 11) * 0x1p-53;
  }

  /** An index, drawn in proportion to the weights; at least one weight is above 0. */
  int weighted(double[] weights) {
    double total = 0;
    for (double weight : weights) {
      total += weight;
    }
    double point = unit() * total;
    int last = 0;
    for (int i = 0; i < weights.length; i++) {
      if (weights[i] > 0) {
        last = i;
        point -= weights[i];
        if (point < 0) {
          return i;
        }
      }
    }
    return last;
  }
}
