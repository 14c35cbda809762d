package krites.model.image;

/**
 * From luma and chroma to red, green and blue in the integer arithmetic of libjpeg ({@code
 * jdcolor.c}), equal to the bit.
 */
final class YcbcrColours {
  private static final int BITS = 16;
  private static final int HALF = 1 << BITS - 1;

  private static final int[] RED_OF_CR = table(1.40200, HALF, BITS);
  private static final int[] BLUE_OF_CB = table(1.77200, HALF, BITS);
  private static final int[] GREEN_OF_CR = table(-0.71414, 0, 0);
  private static final int[] GREEN_OF_CB = table(-0.34414, HALF, 0);

  private YcbcrColours() {}

  private static int[] table(double factor, int offset, int shift) {
    int fixed = (int) (Math.abs(factor) * (1 << BITS) + 0.5) * (factor < 0 ? -1 : 1);
    int[] table = new int[256];
    for (int i = 0; i < table.length; i++) {
      table[i] = fixed * (i - 128) + offset >> shift;
    }
    return table;
  }

  /**
   * Converts in place the first three of every so many samples.
   *
   * @param stride samples a pixel
   */
  static void toRgb(byte[] samples, int stride) {
    for (int i = 0; i + 2 < samples.length; i += stride) {
      int luma = samples[i] & 0xFF;
      int cb = samples[i + 1] & 0xFF;
      int cr = samples[i + 2] & 0xFF;
      samples[i] = clip(luma + RED_OF_CR[cr]);
      samples[i + 1] = clip(luma + (GREEN_OF_CB[cb] + GREEN_OF_CR[cr] >> BITS));
      samples[i + 2] = clip(luma + BLUE_OF_CB[cb]);
    }
  }

  private static byte clip(int value) {
    return (byte) Math.clamp(value, 0, 255);
  }
}
