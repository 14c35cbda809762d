package krites.grpo;

import java.util.Arrays;

/** Token ids in order; an immutable array with value equality. */
public final class TokenIds {
  private final int[] values;

  private TokenIds(int[] values) {
    this.values = values;
  }

  /** Copies the given values. */
  public static TokenIds of(int... values) {
    return new TokenIds(values.clone());
  }

  public int length() {
    return values.length;
  }

  public int at(int index) {
    return values[index];
  }

  /** A copy as a plain array. */
  public int[] toArray() {
    return values.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TokenIds that && Arrays.equals(values, that.values);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(values);
  }

  @Override
  public String toString() {
    return "TokenIds[" + values.length + "]";
  }
}
