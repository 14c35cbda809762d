package krites.learner;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import krites.model.qwen25vl.VisionInputs;

/**
 * Which tokens of packed rows look at which, part by part: prompts at themselves, then each
 * response at its prompt and itself.
 *
 * <p>All tokens of a row against all others would be mostly pairs that may not look at each other:
 * with eight responses a row has three to four times the pairs that the parts have. Sums are those
 * of the whole, in another order.
 *
 * <p>Shapes: B rows of T tokens, prompts of up to P; S responses that feed up to R tokens.
 */
final class AttentionParts {
  /** Parts must save so much: gathering their keys and putting the results back costs as well. */
  private static final double WORTH = 1.5;

  private final int width;
  private final int[] prompts;
  private final List<Part> parts = new ArrayList<>();

  /** A response's fed tokens in its row. */
  private record Part(int row, int from, int length) {}

  /**
   * @param width tokens of a row
   * @param sequences one for each row
   */
  AttentionParts(int width, List<PackedRows.Sequence> sequences) {
    this.width = width;
    this.prompts = sequences.stream().mapToInt(sequence -> sequence.prompt().length).toArray();
    for (int row = 0; row < prompts.length; row++) {
      int at = prompts[row];
      for (int[] response : sequences.get(row).responses()) {
        if (response.length > 1) {
          parts.add(new Part(row, at, response.length - 1));
          at += response.length - 1;
        }
      }
    }
  }

  /**
   * What {@code attend} of {@link PassScript} takes: mask of the prompts (B, 1, P, P), flat places
   * of queries (S, R) and keys (S, P + R), their mask (S, 1, R, P + R), and where the result of
   * each token lies in those of the prompts and then of the responses (B * T). Empty where the
   * whole is cheaper.
   */
  NDList tensors(NDManager manager) {
    int rows = prompts.length;
    int longest = 0;
    for (int prompt : prompts) {
      longest = Math.max(longest, prompt);
    }
    int most = parts.stream().mapToInt(Part::length).max().orElse(0);
    int keys = longest + most;
    long pairs = (long) rows * longest * longest + (long) parts.size() * most * keys;
    if (parts.isEmpty() || pairs * WORTH > (long) rows * width * width) {
      return new NDList();
    }
    boolean[] promptMask = new boolean[rows * longest * longest];
    long[] found = new long[rows * width];
    for (int row = 0; row < rows; row++) {
      for (int i = 0; i < longest; i++) {
        for (int j = 0; j <= i && j < prompts[row]; j++) {
          promptMask[(row * longest + i) * longest + j] = true;
        }
        if (i < prompts[row]) {
          found[row * width + i] = (long) row * longest + i;
        }
      }
    }
    long[] queries = new long[parts.size() * most];
    long[] places = new long[parts.size() * keys];
    boolean[] mask = new boolean[parts.size() * most * keys];
    for (int s = 0; s < parts.size(); s++) {
      Part part = parts.get(s);
      int first = part.row() * width;
      for (int j = 0; j < keys; j++) {
        int own = Math.min(Math.max(j - longest, 0), part.length() - 1);
        places[s * keys + j] = j < longest ? first + j : first + part.from() + own;
      }
      for (int i = 0; i < most; i++) {
        int own = Math.min(i, part.length() - 1);
        queries[s * most + i] = first + part.from() + own;
        int at = (s * most + i) * keys;
        Arrays.fill(mask, at, at + prompts[part.row()], true);
        Arrays.fill(mask, at + longest, at + longest + own + 1, true);
        if (i < part.length()) {
          found[first + part.from() + i] = (long) rows * longest + s * most + i;
        }
      }
    }
    return new NDList(
        VisionInputs.booleans(promptMask, new Shape(rows, 1, longest, longest), manager),
        manager.create(queries, new Shape(parts.size(), most)),
        manager.create(places, new Shape(parts.size(), keys)),
        VisionInputs.booleans(mask, new Shape(parts.size(), 1, most, keys), manager),
        manager.create(found));
  }
}
