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
 * What changes with the rows of a batch and not with their tokens: who shares which segment, and
 * how each is sampled.
 *
 * @param owner of the tensors made for it
 * @param order rows that share a segment, segment after segment
 * @param sizes rows of each segment
 * @param segments borrowed, in the same order
 * @param lengths tokens of each segment
 * @param numbers (3, rows, 1): temperature, top-p, penalty
 * @param topK (rows, 1)
 */
@SuppressWarnings("ArrayRecordComponent") // never compared, never changed
record BatchLayout(
    NDManager owner,
    NDArray order,
    long[] sizes,
    NDList segments,
    long[] lengths,
    NDArray numbers,
    NDArray topK,
    Knobs knobs)
    implements AutoCloseable {

  /** Of sequences in the order of their rows, at least one. */
  static BatchLayout of(List<Sequence> rows, int vocabulary, NDManager parent) {
    Map<Segment, Integer> places = new IdentityHashMap<>();
    List<Segment> segments = new ArrayList<>();
    List<List<Long>> sharers = new ArrayList<>();
    for (int r = 0; r < rows.size(); r++) {
      Segment shared = rows.get(r).shared();
      if (shared != null) {
        Integer known = places.putIfAbsent(shared, segments.size());
        if (known == null) {
          segments.add(shared);
          sharers.add(new ArrayList<>());
        }
        sharers.get(known == null ? segments.size() - 1 : known).add((long) r);
      }
    }
    NDList tensors = new NDList();
    segments.forEach(segment -> tensors.add(segment.tensor()));
    Knobs knobs = Knobs.of(rows, vocabulary);
    NDManager owner = parent.newSubManager();
    return new BatchLayout(
        owner,
        owner.create(sharers.stream().flatMap(List::stream).mapToLong(Long::longValue).toArray()),
        sharers.stream().mapToLong(List::size).toArray(),
        tensors,
        segments.stream().mapToLong(Segment::tokens).toArray(),
        owner.create(knobs.numbers(), new Shape(3, rows.size(), 1)),
        owner.create(knobs.topK(), new Shape(rows.size(), 1)),
        knobs);
  }

  @Override
  public void close() {
    owner.close();
  }
}
