package krites.model.image;

/** How the samples of a decoded picture are to be read; the names are those of Pillow's modes. */
public enum PixelMode {
  /** Grey. */
  L(1, true),
  /** Grey and alpha, not multiplied. */
  LA(2, true),
  RGB(3, true),
  /** Colour and alpha, not multiplied. */
  RGBA(4, true),
  /** Four inks, 0 for none, not inverted. */
  CMYK(4, true),
  /** Index into a palette. */
  P(1, false),
  /** Black (0) and white (255): Pillow's mode {@code 1}. */
  ONE(1, false),
  /**
   * 16 bit grey, clipped to 0..255 on reading, since this is what Pillow's conversion to RGB does
   * later.
   */
  I16(1, false);

  private final int channels;
  private final boolean smooth;

  PixelMode(int channels, boolean smooth) {
    this.channels = channels;
    this.smooth = smooth;
  }

  /** Samples a pixel. */
  public int channels() {
    return channels;
  }

  /**
   * Whether Pillow interpolates when it resizes this mode; otherwise it takes the nearest pixel.
   */
  public boolean smooth() {
    return smooth;
  }
}
