package krites.model.image.vp8;

import java.util.Arrays;

/**
 * The coefficients of one square after another (RFC 6386, section 13): 16 blocks of luma, 4 of each
 * chroma, 16 numbers a block.
 */
final class Residuals {
  private static final int LUMA_AFTER_SECOND = 0;
  private static final int SECOND = 1;
  private static final int CHROMA = 2;
  private static final int LUMA = 3;
  private static final int BLOCKS = 24;

  /** Context entries of a square on one side: 4 luma, 2 + 2 chroma, second order. */
  private static final int CONTEXTS = 9;

  private final byte[] probabilities;
  private final int[] coefficients = new int[16 * BLOCKS];
  private final int[] second = new int[16];
  private final byte[] above;
  private final byte[] left = new byte[CONTEXTS];

  Residuals(byte[] probabilities, int columns) {
    this.probabilities = probabilities;
    this.above = new byte[CONTEXTS * columns];
  }

  void beginRow() {
    Arrays.fill(left, (byte) 0);
  }

  /** A square that says it has no coefficients. */
  void skip(int column, boolean whole) {
    Arrays.fill(coefficients, 0);
    int contexts = whole ? CONTEXTS : CONTEXTS - 1; // others have no second order
    Arrays.fill(left, 0, contexts, (byte) 0);
    Arrays.fill(above, CONTEXTS * column, CONTEXTS * column + contexts, (byte) 0);
  }

  /**
   * Reads the coefficients of a square.
   *
   * @return whether all are zero
   */
  boolean read(BoolReader in, int column, boolean whole, FrameHeader.Steps steps) {
    Arrays.fill(coefficients, 0);
    int aboveAt = CONTEXTS * column;
    if (whole) {
      Arrays.fill(second, 0);
      int context = above[aboveAt + 8] + left[8];
      int end = block(in, SECOND, context, 0, steps.secondDc(), steps.secondAc(), second, 0);
      above[aboveAt + 8] = left[8] = (byte) (end > 0 ? 1 : 0);
      Transforms.walshHadamard(second, coefficients);
    }
    int kind = whole ? LUMA_AFTER_SECOND : LUMA;
    int first = whole ? 1 : 0;
    for (int i = 0; i < 16; i++) {
      int top = aboveAt + i % 4;
      int context = above[top] + left[i / 4];
      int end =
          block(in, kind, context, first, steps.lumaDc(), steps.lumaAc(), coefficients, 16 * i);
      above[top] = left[i / 4] = (byte) (end > first ? 1 : 0);
    }
    for (int i = 16; i < BLOCKS; i++) {
      int plane = 4 + (i - 16) / 4 * 2;
      int top = aboveAt + plane + i % 2;
      int side = plane + i % 4 / 2;
      int context = above[top] + left[side];
      int end =
          block(in, CHROMA, context, 0, steps.chromaDc(), steps.chromaAc(), coefficients, 16 * i);
      above[top] = left[side] = (byte) (end > 0 ? 1 : 0);
    }
    return isZero(0, coefficients.length);
  }

  private boolean isZero(int from, int to) {
    for (int i = from; i < to; i++) {
      if (coefficients[i] != 0) {
        return false;
      }
    }
    return true;
  }

  /** Adds the block of that number to its prediction. */
  void add(int block, int[] pixels, int at) {
    if (!isZero(16 * block, 16 * block + 16)) {
      Transforms.addCosine(coefficients, 16 * block, pixels, at);
    }
  }

  /**
   * Reads one block.
   *
   * @return the number of the last coefficient plus one
   */
  private int block(
      BoolReader in, int kind, int context, int first, int dc, int ac, int[] out, int outAt) {
    int n = first;
    int p = at(kind, n, context);
    while (n < 16) {
      if (in.bit(probabilities[p] & 0xFF) == 0) {
        return n;
      }
      while (in.bit(probabilities[p + 1] & 0xFF) == 0) {
        n++;
        if (n == 16) {
          return 16;
        }
        p = at(kind, n, 0);
      }
      int size = in.bit(probabilities[p + 2] & 0xFF) == 0 ? 1 : large(in, p);
      int value = in.flag() ? -size : size;
      out[outAt + Tables.ZIGZAG[n]] = (short) (value * (n == 0 ? dc : ac));
      n++;
      p = at(kind, n, size == 1 ? 1 : 2);
    }
    return 16;
  }

  private static int at(int kind, int n, int context) {
    return 11 * (3 * (8 * kind + Tables.BANDS[n]) + context);
  }

  private int large(BoolReader in, int p) {
    if (in.bit(probabilities[p + 3] & 0xFF) == 0) {
      return in.bit(probabilities[p + 4] & 0xFF) == 0 ? 2 : 3 + in.bit(probabilities[p + 5] & 0xFF);
    }
    if (in.bit(probabilities[p + 6] & 0xFF) == 0) {
      if (in.bit(probabilities[p + 7] & 0xFF) == 0) {
        return 5 + in.bit(159);
      }
      return 7 + 2 * in.bit(165) + in.bit(145);
    }
    int upper = in.bit(probabilities[p + 8] & 0xFF);
    int category = 2 * upper + in.bit(probabilities[p + 9 + upper] & 0xFF);
    int extra = 0;
    for (int probability : Tables.EXTRA_BITS[category]) {
      extra = 2 * extra + in.bit(probability);
    }
    return extra + 3 + (8 << category);
  }
}
