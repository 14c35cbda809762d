package krites.model.image.vp8;

/**
 * Luma and chroma of a frame in whole squares, chroma at half the size.
 *
 * @param width in squares of 16 pixels
 * @param height in squares
 */
@SuppressWarnings("ArrayRecordComponent") // a work area that nobody compares
record Planes(int width, int height, byte[] luma, byte[] blue, byte[] red) {
  static Planes of(int width, int height) {
    int squares = width * height;
    return new Planes(
        width, height, new byte[256 * squares], new byte[64 * squares], new byte[64 * squares]);
  }

  int lumaStride() {
    return 16 * width;
  }

  int chromaStride() {
    return 8 * width;
  }

  /**
   * Red, green and blue as libwebp gives them by default: chroma interpolated, then converted in 14
   * bits.
   *
   * @param pictureWidth in pixels
   * @param pictureHeight in pixels
   */
  byte[] toRgb(int pictureWidth, int pictureHeight) {
    byte[] rgb = new byte[Math.multiplyExact(3 * pictureWidth, pictureHeight)];
    int[] u = new int[pictureWidth];
    int[] v = new int[pictureWidth];
    int lastChroma = (pictureHeight + 1) / 2 - 1;
    int at = 0;
    for (int y = 0; y < pictureHeight; y++) {
      int near = y / 2 * chromaStride();
      int far = Math.clamp((y & 1) == 0 ? y / 2 - 1 : y / 2 + 1, 0, lastChroma) * chromaStride();
      upsample(blue, near, far, u);
      upsample(red, near, far, v);
      for (int x = 0; x < pictureWidth; x++) {
        int level = (luma[y * lumaStride() + x] & 0xFF) * 19077 >> 8;
        rgb[at++] = toByte(level + (v[x] * 26149 >> 8) - 14234);
        rgb[at++] = toByte(level - (u[x] * 6419 >> 8) - (v[x] * 13320 >> 8) + 8708);
        rgb[at++] = toByte(level + (u[x] * 33050 >> 8) - 17685);
      }
    }
    return rgb;
  }

  /** One line at full width: 9, 3, 3 and 1 sixteenths of the four nearest, rounded in two steps. */
  private static void upsample(byte[] plane, int near, int far, int[] line) {
    int width = line.length;
    line[0] = edge(plane, near, far);
    int last = (width - 1) / 2;
    for (int x = 1; x <= last; x++) {
      int nearLeft = plane[near + x - 1] & 0xFF;
      int nearRight = plane[near + x] & 0xFF;
      int farLeft = plane[far + x - 1] & 0xFF;
      int farRight = plane[far + x] & 0xFF;
      int sum = nearLeft + nearRight + farLeft + farRight + 8;
      line[2 * x - 1] = (sum + 2 * (nearRight + farLeft) >> 3) + nearLeft >> 1;
      line[2 * x] = (sum + 2 * (nearLeft + farRight) >> 3) + nearRight >> 1;
    }
    if ((width & 1) == 0) {
      line[width - 1] = edge(plane, near + last, far + last);
    }
  }

  private static int edge(byte[] plane, int near, int far) {
    return 3 * (plane[near] & 0xFF) + (plane[far] & 0xFF) + 2 >> 2;
  }

  private static byte toByte(int value) {
    return (byte) Prediction.clip(value >> 6);
  }
}
