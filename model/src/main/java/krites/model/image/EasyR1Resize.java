package krites.model.image;

import java.util.OptionalLong;

/**
 * What the trainer does to a picture before the model's own processor sees it: the area is brought
 * under the upper limit, then over the lower one, in the picture's own mode; conversion to RGB
 * comes last.
 *
 * <p>Source: {@code process_image} of EasyR1's {@code verl/utils/dataset.py}: both sides are scaled
 * by the root of the ratio and truncated. Rollout and learner must share it, since the patch grid
 * depends on every pixel of the size.
 */
public final class EasyR1Resize {
  private EasyR1Resize() {}

  /**
   * The picture in RGB with its area within the limits.
   *
   * @throws ImageException if a side would become zero
   */
  public static RgbImage apply(DecodedImage image, OptionalLong minPixels, OptionalLong maxPixels) {
    DecodedImage current = image;
    if (maxPixels.isPresent() && pixels(current) > maxPixels.getAsLong()) {
      current = scale(current, Math.sqrt((double) maxPixels.getAsLong() / pixels(current)));
    }
    if (minPixels.isPresent() && pixels(current) < minPixels.getAsLong()) {
      current = scale(current, Math.sqrt((double) minPixels.getAsLong() / pixels(current)));
    }
    return current.toRgb();
  }

  private static long pixels(DecodedImage image) {
    return (long) image.width() * image.height();
  }

  private static DecodedImage scale(DecodedImage image, double factor) {
    int width = (int) (image.width() * factor);
    int height = (int) (image.height() * factor);
    if (width < 1 || height < 1) {
      throw new ImageException(
          "image of "
              + image.width()
              + "x"
              + image.height()
              + " would be resized to "
              + width
              + "x"
              + height);
    }
    return PillowResize.resize(image, new ImageSize(height, width));
  }
}
