package krites.grpo;

/**
 * The patch grid of one processed image: frames, rows and columns of 14-pixel patches, before the
 * 2x2 merge.
 *
 * <p>Source: {@code image_grid_thw} of the Qwen2-VL image processor.
 */
public record ImageGrid(int frames, int rows, int columns) {
  public ImageGrid {
    if (frames < 1 || rows < 1 || columns < 1) {
      throw new IllegalArgumentException(
          "image grid " + frames + "x" + rows + "x" + columns + " has an empty side");
    }
  }

  /** Number of patches. */
  public int patches() {
    return frames * rows * columns;
  }
}
