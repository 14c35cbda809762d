package krites.learner;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import krites.model.qwen25vl.VisionInputs;

/**
 * Which tokens look at which, part by part.
 *
 * <p>A token looks at those before it in its prompt and its response. Tokens of several sequences
 * lie in one row, and all of them against all others would be mostly pairs that may not look at
 * each other. So queries and keys are gathered into parts: either each sequence is one, or each
 * prompt looks at itself and what each response adds to the tree looks at the prompt and the whole
 * response; whichever has fewer pairs. Parts of about the same size make a block, which is one
 * call: S parts of R queries and K keys, filled up with repetitions that nobody reads. Sums are
 * those of the whole row, in another order.
 */
final class AttentionParts {
  /** What a block costs beside its pairs, in pairs: calls and small operators. */
  private static final long BLOCK = 32_768;

  private AttentionParts() {}

  /**
   * A sequence in the row.
   *
   * @param start place of its first token; its prompt and the nodes of its tree follow each other
   * @param prompt tokens of the prompt
   */
  record Placed(int start, int prompt, ResponseTree tree) {
    int tokens() {
      return prompt + tree.nodes();
    }
  }

  /**
   * Queries that follow each other in the row, and what they look at.
   *
   * @param first place of the first query
   * @param queries how many there are
   * @param keys places of what any of them looks at
   * @param sight which of the keys a query looks at
   */
  private record Part(int first, int queries, int[] keys, Sight sight) {}

  /** Says which keys a query looks at. */
  private interface Sight {
    /** Marks the keys of query {@code i} in a mask whose keys begin at {@code at}. */
    void mark(boolean[] mask, int at, int i);
  }

  /** Parts from some place on, in one call. */
  private record Block(List<Part> parts, int queries, int keys) {
    static Block of(List<Part> parts) {
      return new Block(
          parts,
          parts.stream().mapToInt(Part::queries).max().orElseThrow(),
          parts.stream().mapToInt(part -> part.keys().length).max().orElseThrow());
    }

    long cost() {
      return BLOCK + (long) parts.size() * queries * keys;
    }
  }

  /**
   * What {@code attend} of {@link PassScript} takes: for each block the places of its queries (S,
   * R) and keys (S, K) and who looks at whom (S, 1, R, K), and at the end where the result of each
   * token of the row lies in those of all blocks, one behind the other.
   */
  static NDList tensors(List<Placed> sequences, NDManager manager) {
    List<Block> blocks = blocks(whole(sequences));
    List<Block> cut = blocks(cut(sequences));
    if (cost(cut) < cost(blocks)) {
      blocks = cut;
    }
    NDList tensors = new NDList();
    long[] found = new long[sequences.stream().mapToInt(Placed::tokens).sum()];
    long at = 0;
    for (Block block : blocks) {
      add(block, at, found, tensors, manager);
      at += (long) block.parts().size() * block.queries();
    }
    tensors.add(manager.create(found));
    return tensors;
  }

  private static long cost(List<Block> blocks) {
    return blocks.stream().mapToLong(Block::cost).sum();
  }

  /** Each sequence as one part. */
  private static List<Part> whole(List<Placed> sequences) {
    List<Part> parts = new ArrayList<>();
    for (Placed sequence : sequences) {
      int[] keys = new int[sequence.tokens()];
      Arrays.setAll(keys, i -> sequence.start() + i);
      parts.add(
          new Part(
              sequence.start(),
              keys.length,
              keys,
              (mask, at, i) -> markAncestors(sequence, mask, at, i)));
    }
    return parts;
  }

  private static void markAncestors(Placed sequence, boolean[] mask, int at, int i) {
    int prompt = sequence.prompt();
    Arrays.fill(mask, at, at + Math.min(i + 1, prompt), true);
    for (int node = i - prompt; node >= 0; node = sequence.tree().parent(node)) {
      mask[at + prompt + node] = true;
    }
  }

  /** Each prompt as one part, and what each response adds. */
  private static List<Part> cut(List<Placed> sequences) {
    List<Part> parts = new ArrayList<>();
    for (Placed sequence : sequences) {
      int prompt = sequence.prompt();
      int[] own = new int[prompt];
      Arrays.setAll(own, i -> sequence.start() + i);
      parts.add(chain(sequence.start(), prompt, own));
      ResponseTree tree = sequence.tree();
      for (int r = 0; r < tree.responses().size(); r++) {
        int added = tree.added(r);
        if (added > 0) {
          int[] path = tree.path(r);
          int[] keys = Arrays.copyOf(own, prompt + path.length);
          for (int i = 0; i < path.length; i++) {
            keys[prompt + i] = sequence.start() + prompt + path[i];
          }
          parts.add(chain(keys[keys.length - added], added, keys));
        }
      }
    }
    return parts;
  }

  /** Queries that are the last of their keys. */
  private static Part chain(int first, int queries, int[] keys) {
    int before = keys.length - queries;
    return new Part(
        first, queries, keys, (mask, at, i) -> Arrays.fill(mask, at, at + before + i + 1, true));
  }

  /** Cuts parts, the largest first, into blocks that cost least together. */
  private static List<Block> blocks(List<Part> parts) {
    List<Part> sorted = new ArrayList<>(parts);
    sorted.sort(Comparator.comparingInt(Part::queries).reversed());
    int n = sorted.size();
    long[] best = new long[n + 1];
    int[] begin = new int[n + 1];
    for (int end = 1; end <= n; end++) {
      best[end] = Long.MAX_VALUE;
      long keys = 0;
      for (int from = end - 1; from >= 0; from--) {
        keys = Math.max(keys, sorted.get(from).keys().length);
        long queries = sorted.get(from).queries();
        long cost = best[from] + BLOCK + (end - from) * queries * keys;
        if (cost < best[end]) {
          best[end] = cost;
          begin[end] = from;
        }
      }
    }
    List<Block> blocks = new ArrayList<>();
    for (int end = n; end > 0; end = begin[end]) {
      blocks.addFirst(Block.of(sorted.subList(begin[end], end)));
    }
    return blocks;
  }

  /** Adds the tensors of a block and notes where each query's result is to be found. */
  private static void add(
      Block block, long offset, long[] found, NDList tensors, NDManager manager) {
    int rows = block.parts().size();
    int most = block.queries();
    int keys = block.keys();
    long[] queries = new long[rows * most];
    long[] places = new long[rows * keys];
    boolean[] mask = new boolean[rows * most * keys];
    for (int s = 0; s < rows; s++) {
      Part part = block.parts().get(s);
      for (int j = 0; j < keys; j++) {
        places[s * keys + j] = part.keys()[Math.min(j, part.keys().length - 1)];
      }
      for (int i = 0; i < most; i++) {
        int own = Math.min(i, part.queries() - 1);
        queries[s * most + i] = part.first() + own;
        part.sight().mark(mask, (s * most + i) * keys, own);
        if (i < part.queries()) {
          found[part.first() + i] = offset + (long) s * most + i;
        }
      }
    }
    tensors.add(manager.create(queries, new Shape(rows, most)));
    tensors.add(manager.create(places, new Shape(rows, keys)));
    tensors.add(VisionInputs.booleans(mask, new Shape(rows, 1, most, keys), manager));
  }
}
