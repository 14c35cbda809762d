package krites.app.conformance;

import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import krites.learner.PackedRows;
import krites.model.image.ProcessedImage;
import krites.model.qwen25vl.MultimodalPositions;
import krites.model.qwen25vl.Qwen25VlConfig;

/**
 * The token rows of a golden case: padded ids and mask as given, positions as this project computes
 * them.
 *
 * @param rows B
 * @param width T
 * @param ids (B, T)
 * @param real (B, T) whether a token is no padding
 * @param positions (3, B, T), 1 at padding
 * @param ropeDeltas (B) position after the last token, less T
 * @param images per row
 */
record GoldenBatch(
    int rows,
    int width,
    long[] ids,
    boolean[] real,
    long[] positions,
    long[] ropeDeltas,
    List<List<ProcessedImage>> images) {

  /**
   * Reads {@code input_ids} and {@code attention_mask}.
   *
   * @param images of all rows one after the other; each row takes as many as it has runs of image
   *     tokens by grid
   */
  static GoldenBatch read(Comparison golden, List<ProcessedImage> images, Qwen25VlConfig config) {
    int rows = golden.side("input_ids", 0);
    int width = golden.side("input_ids", 1);
    long[] ids = golden.longs("input_ids");
    long[] mask = golden.longs("attention_mask");
    boolean[] real = new boolean[ids.length];
    long[] positions = new long[3 * ids.length];
    Arrays.fill(positions, 1);
    long[] deltas = new long[rows];
    List<List<ProcessedImage>> perRow = new ArrayList<>();
    int used = 0;
    for (int row = 0; row < rows; row++) {
      for (int i = row * width; i < (row + 1) * width; i++) {
        real[i] = mask[i] != 0;
      }
      int[] tokens = tokens(ids, real, row * width, (row + 1) * width);
      List<ProcessedImage> own = take(images.subList(used, images.size()), tokens, config);
      used += own.size();
      perRow.add(own);
      MultimodalPositions place =
          MultimodalPositions.of(tokens, own.stream().map(ProcessedImage::grid).toList(), config);
      deltas[row] = place.next() - width;
      int next = 0;
      for (int i = row * width; i < (row + 1) * width; i++) {
        if (real[i]) {
          for (int axis = 0; axis < 3; axis++) {
            positions[axis * ids.length + i] = place.axes()[axis][next];
          }
          next++;
        }
      }
    }
    return new GoldenBatch(rows, width, ids, real, positions, deltas, perRow);
  }

  /** The images whose tokens a row holds, from the front of the list. */
  private static List<ProcessedImage> take(
      List<ProcessedImage> images, int[] tokens, Qwen25VlConfig config) {
    long left = Arrays.stream(tokens).filter(id -> id == config.imageToken()).count();
    int taken = 0;
    while (left > 0 && taken < images.size()) {
      left -= images.get(taken++).grid().mergedTokens(config.vision().merge());
    }
    return images.subList(0, taken);
  }

  private static int[] tokens(long[] ids, boolean[] real, int from, int to) {
    int[] tokens = new int[to - from];
    int count = 0;
    for (int i = from; i < to; i++) {
      if (real[i]) {
        tokens[count++] = Math.toIntExact(ids[i]);
      }
    }
    return Arrays.copyOf(tokens, count);
  }

  /** The tokens of a row without its padding. */
  int[] tokens(int row) {
    return tokens(ids, real, row * width, (row + 1) * width);
  }

  /** The real tokens of a part of a row. */
  int[] tokens(int row, int from, int to) {
    return tokens(ids, real, row * width + from, row * width + to);
  }

  /** All images, row after row. */
  List<ProcessedImage> allImages() {
    return images.stream().flatMap(List::stream).toList();
  }

  /** Some rows, from inclusive, to exclusive. */
  GoldenBatch part(int from, int to) {
    int count = to - from;
    long[] axes = new long[3 * count * width];
    for (int axis = 0; axis < 3; axis++) {
      System.arraycopy(
          positions, (axis * rows + from) * width, axes, axis * count * width, count * width);
    }
    return new GoldenBatch(
        count,
        width,
        Arrays.copyOfRange(ids, from * width, to * width),
        Arrays.copyOfRange(real, from * width, to * width),
        axes,
        Arrays.copyOfRange(ropeDeltas, from, to),
        images.subList(from, to));
  }

  /** The rows as the learner takes them: tokens at {@code select} (flat) predict {@code target}. */
  PackedRows packed(long[] select, long[] target, Qwen25VlConfig config, NDManager scope) {
    return PackedRows.ofPadded(
        new PackedRows.Padded(rows, width, ids, real, positions, select, target),
        allImages(),
        config,
        scope);
  }

  /** Flat places of the real tokens. */
  long[] realPlaces() {
    long[] places = new long[ids.length];
    int count = 0;
    for (int i = 0; i < ids.length; i++) {
      if (real[i]) {
        places[count++] = i;
      }
    }
    return Arrays.copyOf(places, count);
  }
}
