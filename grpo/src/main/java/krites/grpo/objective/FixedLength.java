package krites.grpo.objective;

import java.util.Arrays;

/**
 * A sequence brought to a fixed length: token ids, attention mask and positions, padded or cut on
 * one side.
 *
 * <p>Source: {@code postprocess_data} of EasyR1.
 *
 * @param ids token ids, padded with the pad id
 * @param mask attention mask, padded with 0
 * @param positions (axes, tokens), padded with 0
 */
public record FixedLength(int[] ids, int[] mask, int[][] positions) {
  /** An end of a sequence. */
  public enum Side {
    LEFT,
    RIGHT
  }

  /** What happens to a sequence that is too long. */
  public enum TooLong {
    /** Cut at the beginning. */
    CUT_LEFT,
    /** Cut at the end. */
    CUT_RIGHT,
    /** It is an error. */
    REFUSE
  }

  /**
   * Pads or cuts.
   *
   * @param length the length wanted
   * @throws IllegalArgumentException if the sequence is longer and that is refused
   */
  public static FixedLength fit(
      int[] ids,
      int[] mask,
      int[][] positions,
      int length,
      int padId,
      Side padding,
      TooLong tooLong) {
    if (ids.length > length && tooLong == TooLong.REFUSE) {
      throw new IllegalArgumentException(
          "Input sequence length " + ids.length + " is longer than max length " + length + ".");
    }
    Side kept =
        ids.length < length ? padding : tooLong == TooLong.CUT_LEFT ? Side.LEFT : Side.RIGHT;
    int[][] fittedPositions = new int[positions.length][];
    for (int axis = 0; axis < positions.length; axis++) {
      fittedPositions[axis] = fit(positions[axis], length, 0, kept);
    }
    return new FixedLength(
        fit(ids, length, padId, kept), fit(mask, length, 0, kept), fittedPositions);
  }

  /** Adds or removes values on the given side. */
  private static int[] fit(int[] values, int length, int pad, Side side) {
    int offset = side == Side.LEFT ? length - values.length : 0;
    int[] fitted = new int[length];
    Arrays.fill(fitted, pad);
    int from = Math.max(0, -offset);
    int count = Math.min(values.length, length);
    System.arraycopy(values, from, fitted, Math.max(0, offset), count);
    return fitted;
  }
}
