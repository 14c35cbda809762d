package krites.model.image.vp8;

/** The size of a key frame, from its first ten bytes. */
record ImageBounds(int width, int height) {
  private static final int SIZE_BITS = 0x3FFF; // the rest asks the player to scale

  /**
   * Reads it.
   *
   * @throws Vp8Exception if there is no key frame to show
   */
  static ImageBounds read(byte[] bytes, int from, int end) {
    if (end - from < 10) {
      throw new Vp8Exception("its frame is cut short");
    }
    boolean key = (bytes[from] & 1) == 0;
    boolean shown = (bytes[from] & 0x10) != 0;
    boolean started =
        (bytes[from + 3] & 0xFF) == 0x9D && bytes[from + 4] == 0x01 && bytes[from + 5] == 0x2A;
    if (!key || !shown || !started || (bytes[from] >> 1 & 7) > 3) {
      throw new Vp8Exception("its frame is none that stands alone");
    }
    int width = (bytes[from + 6] & 0xFF | (bytes[from + 7] & 0xFF) << 8) & SIZE_BITS;
    int height = (bytes[from + 8] & 0xFF | (bytes[from + 9] & 0xFF) << 8) & SIZE_BITS;
    if (width == 0 || height == 0) {
      throw new Vp8Exception("its frame is " + width + "x" + height + " pixels");
    }
    return new ImageBounds(width, height);
  }
}
