package krites.rollout;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import krites.model.image.ProcessedImage;

/**
 * Which rows of the vision tower's output stand at the image tokens of a batch, when an image that
 * several sequences share goes through the tower once.
 */
final class VisionRows {
  private final int merge;
  private final List<ProcessedImage> distinct = new ArrayList<>();
  private final Map<ProcessedImage, Integer> firstRows = new IdentityHashMap<>();
  private final List<Long> rows = new ArrayList<>();
  private int end;

  /** {@code merge} patches per side make one token. */
  VisionRows(int merge) {
    this.merge = merge;
  }

  /** The next image in the order of the tokens. */
  void add(ProcessedImage image) {
    int tokens = image.grid().mergedTokens(merge);
    Integer known = firstRows.putIfAbsent(image, end);
    int first = known == null ? end : known;
    if (known == null) {
      distinct.add(image);
      end += tokens;
    }
    for (int i = 0; i < tokens; i++) {
      rows.add((long) first + i);
    }
  }

  /** Images for the tower, each object once. */
  List<ProcessedImage> distinct() {
    return distinct;
  }

  /** A row of the tower's output for each image token of the batch. */
  long[] rows() {
    return rows.stream().mapToLong(Long::longValue).toArray();
  }
}
