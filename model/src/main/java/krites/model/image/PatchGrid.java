package krites.model.image;

/**
 * How many patches a picture has, as {@code image_grid_thw} says it.
 *
 * @param t in time: 1 for a picture
 * @param h down
 * @param w across
 */
public record PatchGrid(int t, int h, int w) {
  public PatchGrid {
    if (t < 1 || h < 1 || w < 1) {
      throw new IllegalArgumentException("patch grid " + t + "x" + h + "x" + w);
    }
  }

  /** The number of patches: rows of the pixel values. */
  public int patches() {
    return Math.multiplyExact(Math.multiplyExact(t, h), w);
  }

  /**
   * The number of tokens that stand for the picture in the prompt: patches over the square of the
   * merge size.
   *
   * @throws IllegalArgumentException if the grid does not consist of whole blocks
   */
  public int mergedTokens(int mergeSize) {
    if (h % mergeSize != 0 || w % mergeSize != 0) {
      throw new IllegalArgumentException(
          "patch grid " + h + "x" + w + " for merge size " + mergeSize);
    }
    return patches() / (mergeSize * mergeSize);
  }
}
