package krites.model.qwen25vl;

import java.util.Iterator;
import java.util.List;
import krites.model.image.PatchGrid;

/**
 * The three-axis rotary positions (frame, row, column) of one token sequence.
 *
 * <p>Text counts up on all three axes together. An image starts at the next position; its tokens
 * carry frame, row and column offsets; text after it continues at the largest position plus one.
 * Source: {@code get_rope_index} of the reference implementation (images; one temporal patch, so
 * the frame offset is zero).
 *
 * @param axes (3, tokens)
 * @param next the position of the first token after the sequence, the same on all axes
 */
public record MultimodalPositions(int[][] axes, int next) {

  /**
   * Positions of a sequence without padding.
   *
   * @param ids token ids, image placeholders expanded
   * @param grids patch grids of its images, in order
   * @throws IllegalArgumentException if the image tokens do not match the grids
   */
  public static MultimodalPositions of(int[] ids, List<PatchGrid> grids, Qwen25VlConfig config) {
    int merge = config.vision().merge();
    int[][] axes = new int[3][ids.length];
    Iterator<PatchGrid> images = grids.iterator();
    int next = 0;
    int at = 0;
    while (at < ids.length) {
      if (ids[at] != config.imageToken()) {
        for (int[] axis : axes) {
          axis[at] = next;
        }
        next++;
        at++;
        continue;
      }
      if (!images.hasNext()) {
        throw new IllegalArgumentException(
            "more image tokens than the " + grids.size() + " images hold");
      }
      PatchGrid grid = images.next();
      int high = grid.h() / merge;
      int wide = grid.w() / merge;
      int tokens = grid.t() * high * wide;
      for (int i = 0; i < tokens; i++, at++) {
        if (at >= ids.length || ids[at] != config.imageToken()) {
          throw new IllegalArgumentException(
              "an image of " + tokens + " tokens has only " + i + " image tokens");
        }
        axes[0][at] = next;
        axes[1][at] = next + i / wide % high;
        axes[2][at] = next + i % wide;
      }
      next += Math.max(high, wide);
    }
    if (images.hasNext()) {
      throw new IllegalArgumentException(
          "fewer image tokens than the " + grids.size() + " images hold");
    }
    return new MultimodalPositions(axes, next);
  }
}
