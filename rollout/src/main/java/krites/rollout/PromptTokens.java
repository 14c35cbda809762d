package krites.rollout;

import java.util.ArrayList;
import java.util.List;
import krites.model.image.PatchGrid;
import krites.model.image.ProcessedImage;
import krites.model.qwen25vl.MultimodalPositions;
import krites.model.qwen25vl.Qwen25VlConfig;

/**
 * A prompt as the network reads it: tokens, their rotary positions, and which image stands where.
 *
 * <p>Its last token is not read with the others: every response feeds it for itself and so gets its
 * first logits where it gets all others.
 */
@SuppressWarnings("ArrayRecordComponent") // never compared, never changed
record PromptTokens(int[] ids, MultimodalPositions places, List<Run> runs) {

  /** The tokens of an image: {@code count} from place {@code start} on. */
  record Run(ProcessedImage image, ImageKey key, int start, int count) {}

  /**
   * Finds the images in a prompt.
   *
   * @throws IllegalArgumentException if the image tokens do not match the images, or the last token
   *     is one of them
   */
  static PromptTokens of(int[] ids, List<ProcessedImage> images, Qwen25VlConfig config) {
    if (ids.length == 0 || ids[ids.length - 1] == config.imageToken()) {
      throw new IllegalArgumentException("a prompt must end with a token of text");
    }
    List<PatchGrid> grids = images.stream().map(ProcessedImage::grid).toList();
    MultimodalPositions places = MultimodalPositions.of(ids, grids, config);
    List<Run> runs = new ArrayList<>();
    int at = 0;
    for (ProcessedImage image : images) {
      while (ids[at] != config.imageToken()) {
        at++;
      }
      int count = image.grid().mergedTokens(config.vision().merge());
      runs.add(new Run(image, ImageKey.of(image), at, count));
      at += count;
    }
    return new PromptTokens(ids, places, List.copyOf(runs));
  }

  int length() {
    return ids.length;
  }

  /** Tokens that are read before responses begin. */
  int read() {
    return ids.length - 1;
  }

  /** The position of the last token, the same on all axes. */
  int lastPosition() {
    return places.next() - 1;
  }
}
