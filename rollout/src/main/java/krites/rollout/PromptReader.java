package krites.rollout;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads pieces of prompts and of responses that go on, packed into one row: no token of padding is
 * computed, and attention works piece by piece.
 */
final class PromptReader {
  private final RolloutNetwork network;
  private final VisionCache vision;

  /** The next {@code tokens} tokens of a reading. */
  record Piece(Reading reading, int tokens) {}

  PromptReader(RolloutNetwork network, VisionCache vision) {
    this.network = network;
    this.vision = vision;
  }

  /** Reads pieces, at most one of each reading, and lets the readings advance. */
  void read(List<Piece> pieces) {
    int tokens = pieces.stream().mapToInt(Piece::tokens).sum();
    long[] ids = new long[tokens];
    long[] positions = new long[3 * tokens];
    long[] sizes = new long[pieces.size()];
    long[] starts = new long[pieces.size()];
    long[] parentOf = new long[pieces.size()];
    long[] parentLengths = new long[pieces.size()];
    NDList segments = new NDList();
    NDList parents = new NDList();
    Map<Segment, Integer> parentAt = new IdentityHashMap<>();
    List<Cut> cuts = new ArrayList<>();
    int at = 0;
    for (int p = 0; p < sizes.length; p++) {
      Piece piece = pieces.get(p);
      Reading reading = piece.reading();
      for (int i = 0; i < piece.tokens(); i++) {
        int index = reading.done() + i;
        ids[at + i] = reading.id(index);
        for (int axis = 0; axis < 3; axis++) {
          positions[axis * tokens + at + i] = reading.position(axis, index);
        }
      }
      addCuts(cuts, reading, piece.tokens(), at);
      sizes[p] = piece.tokens();
      starts[p] = reading.done();
      segments.add(reading.target().tensor());
      Segment parent = reading.parent();
      parentOf[p] = -1;
      if (parent != null) {
        Integer known = parentAt.putIfAbsent(parent, parents.size());
        parentOf[p] = known == null ? parents.size() : known;
        parentLengths[p] = parent.tokens();
        if (known == null) {
          parents.add(parent.tensor());
        }
      }
      at += piece.tokens();
    }
    try (NDManager scope = network.manager().newSubManager()) {
      List<NDArray> images = vision.embeddings(cuts.stream().map(Cut::run).toList(), scope);
      network.compute(
          scope,
          "read",
          scope.create(ids, new Shape(1, tokens)),
          scope.create(imagePlaces(cuts)),
          images,
          imageRows(cuts),
          scope.create(positions, new Shape(3, 1, tokens)),
          sizes,
          segments,
          starts,
          parents,
          parentOf,
          parentLengths);
      vision.keepFresh();
    }
    pieces.forEach(piece -> piece.reading().advance(piece.tokens()));
  }

  /**
   * Part of an image within a piece.
   *
   * @param from first of its tokens
   * @param count of its tokens
   * @param place of the first one in the packed row
   */
  private record Cut(PromptTokens.Run run, int from, int count, int place) {}

  private static void addCuts(List<Cut> cuts, Reading reading, int tokens, int at) {
    int begin = reading.place();
    for (PromptTokens.Run run : reading.prompt().runs()) {
      int from = Math.max(begin, run.start());
      int to = Math.min(begin + tokens, run.start() + run.count());
      if (from < to) {
        cuts.add(new Cut(run, from - run.start(), to - from, at + from - begin));
      }
    }
  }

  private static long[] imagePlaces(List<Cut> cuts) {
    long[] places = new long[cuts.stream().mapToInt(Cut::count).sum()];
    int at = 0;
    for (Cut cut : cuts) {
      for (int i = 0; i < cut.count(); i++) {
        places[at++] = cut.place() + i;
      }
    }
    return places;
  }

  /** First row and number of rows of each part. */
  private static long[] imageRows(List<Cut> cuts) {
    long[] rows = new long[2 * cuts.size()];
    for (int i = 0; i < cuts.size(); i++) {
      rows[2 * i] = cuts.get(i).from();
      rows[2 * i + 1] = cuts.get(i).count();
    }
    return rows;
  }
}
