package krites.model.image;

/**
 * The size to which the image processor brings a picture: both sides multiples of a factor, the
 * area within limits, the proportions nearly kept.
 *
 * <p>Source: {@code smart_resize} of the Qwen2-VL image processor in transformers 5.0, which, other
 * than 4.51, accepts sides below the factor and never rounds a side down to zero.
 */
public final class SmartResize {
  /** A longer side than this times the shorter one is refused, as in the source. */
  private static final int MAX_ASPECT = 200;

  private SmartResize() {}

  /**
   * The size after resizing.
   *
   * @param factor patch size times merge size, 28 in the published models
   * @throws ImageException if one side is more than 200 times the other, or would become zero or
   *     huge
   */
  public static ImageSize resize(
      int height, int width, int factor, long minPixels, long maxPixels) {
    double aspect = (double) Math.max(height, width) / Math.min(height, width);
    if (aspect > MAX_ASPECT) {
      throw new ImageException(
          "image of "
              + width
              + "x"
              + height
              + ": expected an aspect ratio of at most "
              + MAX_ASPECT
              + ", seen "
              + aspect);
    }
    double newHeight = Math.rint((double) height / factor) * factor;
    double newWidth = Math.rint((double) width / factor) * factor;
    double area = (double) height * width;
    if (newHeight * newWidth > maxPixels) {
      double beta = Math.sqrt(area / maxPixels);
      newHeight = Math.max(factor, Math.floor(height / beta / factor) * factor);
      newWidth = Math.max(factor, Math.floor(width / beta / factor) * factor);
    } else if (newHeight * newWidth < minPixels) {
      double beta = Math.sqrt(minPixels / area);
      newHeight = Math.ceil(height * beta / factor) * factor;
      newWidth = Math.ceil(width * beta / factor) * factor;
    }
    if (newHeight < 1 || newWidth < 1 || newHeight * newWidth * 3 > Integer.MAX_VALUE) {
      throw new ImageException(
          "image of "
              + width
              + "x"
              + height
              + " cannot be resized to a multiple of "
              + factor
              + " within "
              + minPixels
              + " to "
              + maxPixels
              + " pixels");
    }
    return new ImageSize((int) newHeight, (int) newWidth);
  }
}
