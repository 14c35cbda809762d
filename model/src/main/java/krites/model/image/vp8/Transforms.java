package krites.model.image.vp8;

/** The two inverse transforms (RFC 6386, section 14). */
final class Transforms {
  private Transforms() {}

  /** From the 16 coefficients of the second order to the first coefficient of each block. */
  static void walshHadamard(int[] in, int[] coefficients) {
    int[] columns = new int[16];
    for (int i = 0; i < 4; i++) {
      int a0 = in[i] + in[12 + i];
      int a1 = in[4 + i] + in[8 + i];
      int a2 = in[4 + i] - in[8 + i];
      int a3 = in[i] - in[12 + i];
      columns[i] = a0 + a1;
      columns[8 + i] = a0 - a1;
      columns[4 + i] = a3 + a2;
      columns[12 + i] = a3 - a2;
    }
    for (int i = 0; i < 4; i++) {
      int first = columns[4 * i] + 3;
      int a0 = first + columns[4 * i + 3];
      int a1 = columns[4 * i + 1] + columns[4 * i + 2];
      int a2 = columns[4 * i + 1] - columns[4 * i + 2];
      int a3 = first - columns[4 * i + 3];
      coefficients[64 * i] = a0 + a1 >> 3;
      coefficients[64 * i + 16] = a3 + a2 >> 3;
      coefficients[64 * i + 32] = a0 - a1 >> 3;
      coefficients[64 * i + 48] = a3 - a2 >> 3;
    }
  }

  /**
   * Adds what 16 coefficients say to a predicted 4x4 block.
   *
   * @param from position of the coefficients
   * @param pixels lines of {@link Prediction#STRIDE}
   * @param at the block's first pixel
   */
  static void addCosine(int[] coefficients, int from, int[] pixels, int at) {
    int[] columns = new int[16];
    for (int i = 0; i < 4; i++) {
      int in = from + i;
      int a = coefficients[in] + coefficients[in + 8];
      int b = coefficients[in] - coefficients[in + 8];
      int c = low(coefficients[in + 4]) - high(coefficients[in + 12]);
      int d = high(coefficients[in + 4]) + low(coefficients[in + 12]);
      columns[4 * i] = a + d;
      columns[4 * i + 1] = b + c;
      columns[4 * i + 2] = b - c;
      columns[4 * i + 3] = a - d;
    }
    for (int i = 0; i < 4; i++) {
      int first = columns[i] + 4;
      int a = first + columns[i + 8];
      int b = first - columns[i + 8];
      int c = low(columns[i + 4]) - high(columns[i + 12]);
      int d = high(columns[i + 4]) + low(columns[i + 12]);
      int line = at + i * Prediction.STRIDE;
      pixels[line] = Prediction.clip(pixels[line] + (a + d >> 3));
      pixels[line + 1] = Prediction.clip(pixels[line + 1] + (b + c >> 3));
      pixels[line + 2] = Prediction.clip(pixels[line + 2] + (b - c >> 3));
      pixels[line + 3] = Prediction.clip(pixels[line + 3] + (a - d >> 3));
    }
  }

  /** Times the square root of 2 times the cosine of pi/8, in 16 bits of fraction. */
  private static int high(int value) {
    return (value * 20091 >> 16) + value;
  }

  /** Times the square root of 2 times the sine of pi/8. */
  private static int low(int value) {
    return value * 35468 >> 16;
  }
}
