package krites.model.image;

/**
 * A picture as its file stores it, before the conversion to RGB.
 *
 * @param mode how to read the samples
 * @param width in pixels
 * @param height in pixels
 * @param samples row after row, {@code mode.channels()} bytes a pixel; not copied
 * @param palette for mode P three bytes a colour for 256 colours, else empty; not copied
 */
@SuppressWarnings("ArrayRecordComponent") // an intermediate value that nobody compares
public record DecodedImage(PixelMode mode, int width, int height, byte[] samples, byte[] palette) {
  static final byte[] NO_PALETTE = {};
  private static final int PALETTE_BYTES = 3 * 256;

  public DecodedImage {
    if (width < 1 || height < 1 || samples.length != (long) mode.channels() * width * height) {
      throw new IllegalArgumentException(
          samples.length + " bytes for " + mode + " of " + width + "x" + height);
    }
    if (palette.length != (mode == PixelMode.P ? PALETTE_BYTES : 0)) {
      throw new IllegalArgumentException(palette.length + " palette bytes for mode " + mode);
    }
  }

  /**
   * What Pillow's {@code convert("RGB")} gives: alpha is dropped, not blended; grey is repeated.
   */
  public RgbImage toRgb() {
    return new RgbImage(
        width,
        height,
        switch (mode) {
          case RGB -> samples;
          case L, ONE, I16 -> repeatGrey(1);
          case LA -> repeatGrey(2);
          case RGBA -> dropAlpha();
          case CMYK -> mixInks();
          case P -> lookUp();
        });
  }

  private byte[] repeatGrey(int stride) {
    byte[] rgb = new byte[3 * width * height];
    for (int i = 0, from = 0; i < rgb.length; i += 3, from += stride) {
      rgb[i] = samples[from];
      rgb[i + 1] = samples[from];
      rgb[i + 2] = samples[from];
    }
    return rgb;
  }

  private byte[] dropAlpha() {
    byte[] rgb = new byte[3 * width * height];
    for (int i = 0, from = 0; i < rgb.length; i += 3, from += 4) {
      System.arraycopy(samples, from, rgb, i, 3);
    }
    return rgb;
  }

  /** Pillow's {@code cmyk2rgb}: what black leaves, less the ink's share of it. */
  private byte[] mixInks() {
    byte[] rgb = new byte[3 * width * height];
    for (int i = 0, from = 0; i < rgb.length; i += 3, from += 4) {
      int light = 255 - (samples[from + 3] & 0xFF);
      for (int c = 0; c < 3; c++) {
        int product = (samples[from + c] & 0xFF) * light + 128;
        rgb[i + c] = (byte) (light - ((product >> 8) + product >> 8));
      }
    }
    return rgb;
  }

  private byte[] lookUp() {
    byte[] rgb = new byte[3 * width * height];
    for (int i = 0; i < samples.length; i++) {
      System.arraycopy(palette, 3 * (samples[i] & 0xFF), rgb, 3 * i, 3);
    }
    return rgb;
  }
}
