package krites.grpo;

import java.util.Arrays;

/** One natural-log probability per token; an immutable array with value equality. */
public final class LogProbs {
  private final float[] values;

  private LogProbs(float[] values) {
    this.values = values;
  }

  /** Copies the given values. */
  public static LogProbs of(float... values) {
    return new LogProbs(values.clone());
  }

  public int length() {
    return values.length;
  }

  public float at(int index) {
    return values[index];
  }

  /** A copy as a plain array. */
  public float[] toArray() {
    return values.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof LogProbs that && Arrays.equals(values, that.values);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(values);
  }

  @Override
  public String toString() {
    return "LogProbs[" + values.length + "]";
  }
}
