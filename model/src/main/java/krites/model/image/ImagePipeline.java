package krites.model.image;

import java.util.OptionalLong;

/**
 * From the bytes of an image file to the patches of the network; rollout and learner share one, so
 * that they see the same pixels.
 *
 * @param processor the model's own processor
 * @param minPixels the trainer's own lower limit, applied before the processor; empty for none
 * @param maxPixels the trainer's own upper limit; empty for none
 */
public record ImagePipeline(
    ImageProcessor processor, OptionalLong minPixels, OptionalLong maxPixels) {

  /** Only the model's own processor. */
  public static ImagePipeline of(ImageProcessor processor) {
    return new ImagePipeline(processor, OptionalLong.empty(), OptionalLong.empty());
  }

  /**
   * Decodes and processes an image.
   *
   * @param name for error messages
   * @throws ImageException if the bytes are not an image or it is too large
   */
  public ProcessedImage process(byte[] file, String name) {
    DecodedImage image = ImageDecoder.decodeInOwnMode(file, name);
    try {
      return processor.process(EasyR1Resize.apply(image, minPixels, maxPixels));
    } catch (ImageException e) {
      throw new ImageException(name + ": " + e.getMessage(), e);
    }
  }
}
