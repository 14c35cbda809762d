package krites.learner;

import java.util.Arrays;

/**
 * The code books of 8-bit moments: dynamic quantization, as bitsandbytes makes it.
 *
 * <p>A value is divided by the largest magnitude of its block and replaced by the nearest of 256
 * numbers: seven decades, each with twice the fractions of the one below it, so that the relative
 * error stays small over the range that moments have. Source: arXiv 2110.02861, section 2.1 and 2.2
 * (dynamic tree quantization without a sign for the second moment); {@code create_dynamic_map} of
 * bitsandbytes.
 */
final class MomentCodes {
  /** Values that share a scale (arXiv 2110.02861 uses 2048; bitsandbytes 256, as here). */
  static final int BLOCK = 256;

  /** A tensor with fewer values keeps float32, as in bitsandbytes ({@code min_8bit_size}). */
  static final int LEAST_VALUES = 4096;

  private static final int DECADES = 7;

  private MomentCodes() {}

  /** Blocks of so many values; the last may be shorter. */
  static long blocks(long values) {
    return (values + BLOCK - 1) / BLOCK;
  }

  /** 256 numbers from -0.993 to 1 in rising order, for first moments. */
  static float[] signed() {
    return book(true);
  }

  /** 256 numbers from 0 to 1 in rising order, for second moments. */
  static float[] unsigned() {
    return book(false);
  }

  private static float[] book(boolean signed) {
    float[] codes = new float[BLOCK];
    int count = 0;
    codes[count++] = 0;
    codes[count++] = 1;
    for (int decade = 0; decade < DECADES; decade++) {
      int fractions = 1 << (signed ? decade : decade + 1);
      double scale = Math.pow(10, decade - (DECADES - 1));
      for (int i = 0; i < fractions; i++) {
        // The middle of one of equal parts of [0.1, 1].
        float code = (float) (scale * (0.1 + 0.9 * (i + 0.5) / fractions));
        codes[count++] = code;
        if (signed) {
          codes[count++] = -code;
        }
      }
    }
    Arrays.sort(codes);
    return codes;
  }

  /** Where one code ends and the next begins: 255 numbers. */
  static float[] middles(float[] codes) {
    float[] middles = new float[codes.length - 1];
    for (int i = 0; i < middles.length; i++) {
      middles[i] = (codes[i] + codes[i + 1]) / 2;
    }
    return middles;
  }
}
