package krites.model.image;

import java.util.Arrays;

/**
 * A picture of 8 bit red, green and blue.
 *
 * @param width in pixels, at least 1
 * @param height in pixels, at least 1
 * @param rgb row after row from the top, three bytes a pixel; not copied, so do not change it
 *     afterwards
 */
public record RgbImage(int width, int height, byte[] rgb) {

  public RgbImage {
    if (width < 1 || height < 1 || rgb.length != 3L * width * height) {
      throw new IllegalArgumentException(
          rgb.length + " bytes for an image of " + width + "x" + height);
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof RgbImage(int w, int h, byte[] bytes)
        && width == w
        && height == h
        && Arrays.equals(rgb, bytes);
  }

  @Override
  public int hashCode() {
    return 31 * (31 * width + height) + Arrays.hashCode(rgb);
  }

  @Override
  public String toString() {
    return "RgbImage[" + width + "x" + height + "]";
  }
}
