package krites.model.qwen25vl;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import krites.model.image.PatchGrid;

/**
 * Where each patch of a batch of images goes in the vision tower.
 *
 * <p>The tower works in <em>window order</em>: merged groups of patches sorted by attention window.
 * Attention runs over segments (one window, or one frame) that are padded to equal length: {@code
 * index} gathers segments x length patches, {@code mask} says which are real, {@code inverse} finds
 * each patch again.
 *
 * <p>Source: {@code get_window_index} and {@code rot_pos_emb} of the reference implementation.
 *
 * @param rows row of each patch (N), window order
 * @param columns column of each patch (N), window order
 * @param order merged group at each place of the window order (N/m)
 * @param reverse place of each merged group in the window order (N/m)
 */
public record VisionLayout(
    int patches,
    float[] rows,
    float[] columns,
    long[] order,
    long[] reverse,
    Segments windows,
    Segments frames) {

  /**
   * Padded attention segments: {@code index} and {@code mask} are segments x length, {@code
   * inverse} is N long.
   */
  public record Segments(int count, int length, long[] index, boolean[] mask, long[] inverse) {
    static Segments of(List<Integer> lengths, int patches) {
      int count = lengths.size();
      int length = lengths.stream().mapToInt(Integer::intValue).max().orElse(0);
      long[] index = new long[count * length];
      boolean[] mask = new boolean[count * length];
      long[] inverse = new long[patches];
      int at = 0;
      for (int s = 0; s < count; s++) {
        for (int i = 0; i < lengths.get(s); i++) {
          int place = s * length + i;
          index[place] = at;
          mask[place] = true;
          inverse[at++] = place;
        }
      }
      return new Segments(count, length, index, mask, inverse);
    }
  }

  /** The layout of the images of a batch, one after the other. */
  public static VisionLayout of(List<PatchGrid> grids, Qwen25VlConfig.Vision vision) {
    int merge = vision.merge();
    int merged = vision.mergedPatches();
    int window = vision.window() / merge / vision.patch();
    int patches = grids.stream().mapToInt(grid -> grid.t() * grid.h() * grid.w()).sum();
    long[] order = new long[patches / merged];
    List<Integer> windows = new ArrayList<>();
    List<Integer> frames = new ArrayList<>();
    int[] row = new int[patches];
    int[] column = new int[patches];
    int placed = 0;
    int base = 0;
    for (PatchGrid grid : grids) {
      int high = grid.h() / merge;
      int wide = grid.w() / merge;
      for (int t = 0; t < grid.t(); t++) {
        frames.add(grid.h() * grid.w());
        int frame = base + t * high * wide;
        for (int top = 0; top < high; top += window) {
          for (int left = 0; left < wide; left += window) {
            int bottom = Math.min(top + window, high);
            int right = Math.min(left + window, wide);
            for (int y = top; y < bottom; y++) {
              for (int x = left; x < right; x++) {
                order[placed++] = frame + (long) y * wide + x;
              }
            }
            windows.add((bottom - top) * (right - left) * merged);
          }
        }
        for (int y = 0; y < high; y++) {
          for (int x = 0; x < wide; x++) {
            int patch = (frame + y * wide + x) * merged;
            for (int i = 0; i < merged; i++) {
              row[patch + i] = y * merge + i / merge;
              column[patch + i] = x * merge + i % merge;
            }
          }
        }
      }
      base += grid.t() * high * wide;
    }
    long[] reverse = new long[order.length];
    float[] rows = new float[patches];
    float[] columns = new float[patches];
    for (int i = 0; i < order.length; i++) {
      reverse[(int) order[i]] = i;
      for (int j = 0; j < merged; j++) {
        rows[i * merged + j] = row[(int) order[i] * merged + j];
        columns[i * merged + j] = column[(int) order[i] * merged + j];
      }
    }
    return new VisionLayout(
        patches,
        rows,
        columns,
        order,
        reverse,
        Segments.of(windows, patches),
        Segments.of(frames, patches));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof VisionLayout that
        && patches == that.patches
        && Arrays.equals(order, that.order)
        && Arrays.equals(rows, that.rows)
        && Arrays.equals(columns, that.columns);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(order);
  }
}
