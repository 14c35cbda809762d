package krites.rollout;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.tokenizer.StopTokens;
import krites.model.tokenizer.Tokenizer;
import org.jspecify.annotations.Nullable;

/**
 * Sequences that decode together, whoever they belong to: rows [0, size) of a table.
 *
 * <p>A sequence that leaves is replaced by the last one, whose columns are copied to its row; a new
 * one is put behind the last. So every row that is computed is a sequence that is wanted, but for
 * the rest of the chunk in which one ends. What a row gives depends on its sequence alone.
 */
public final class DecodeBatch implements AutoCloseable {
  private final RolloutNetwork network;
  private final Vocabulary vocabulary;
  private final KeyValueTable table;
  private final List<Sequence> rows = new ArrayList<>();
  private final int tail;
  private final NDArray forbidden;
  private final NDArray stops;
  private @Nullable BatchLayout layout;

  /**
   * Tokens with a role in decoding.
   *
   * @param size rows of the embedding
   * @param stops tokens that end a response
   * @param forbidden (size) tokens that are never sampled
   * @param pad fed after the end of a sequence
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared, never changed
  public record Vocabulary(int size, int[] stops, boolean[] forbidden, int pad) {
    /** Forbids image and video placeholders, and ids that the tokenizer does not know. */
    static Vocabulary of(Qwen25VlConfig config, Tokenizer tokenizer, StopTokens stops) {
      boolean[] forbidden = new boolean[config.vocabulary()];
      Arrays.fill(forbidden, Math.min(tokenizer.size(), forbidden.length), forbidden.length, true);
      forbidden[config.imageToken()] = true;
      if (config.videoToken() >= 0) {
        forbidden[config.videoToken()] = true;
      }
      int[] stopIds = stops.ids().stream().mapToInt(Integer::intValue).sorted().toArray();
      return new Vocabulary(config.vocabulary(), stopIds, forbidden, stopIds[0]);
    }

    boolean stops(int token) {
      return Arrays.stream(stops).anyMatch(stop -> stop == token);
    }
  }

  /**
   * What a chunk gave, all (rows, length) row major: tokens, log-probabilities under softmax(logits
   * / temperature), and under the distribution that was drawn from. Behind a stop token stand the
   * pad token and zeros.
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared, never changed
  public record Chunk(long[] tokens, float[] logProbs, float[] drawnLogProbs, int length) {}

  DecodeBatch(RolloutNetwork network, Vocabulary vocabulary, KvBudget budget) {
    this.network = network;
    this.vocabulary = vocabulary;
    this.table = new KeyValueTable(network, budget);
    int end = vocabulary.size();
    while (end > 0 && vocabulary.forbidden()[end - 1]) {
      end--;
    }
    this.tail = end;
    int[] ids = IntStream.range(0, tail).filter(id -> vocabulary.forbidden()[id]).toArray();
    this.forbidden = network.manager().create(longs(ids));
    this.stops = network.manager().create(longs(vocabulary.stops()));
  }

  private static long[] longs(int[] values) {
    return Arrays.stream(values).asLongStream().toArray();
  }

  /** Sequences in it. */
  int size() {
    return rows.size();
  }

  /** The sequences by rows. */
  List<Sequence> rows() {
    return rows;
  }

  KeyValueTable table() {
    return table;
  }

  /**
   * Gives the table another shape.
   *
   * @param columns at least what every sequence needs
   */
  void reshape(int newRows, int columns) {
    table.reshape(newRows, columns, size(), usedColumns());
  }

  private int usedColumns() {
    return rows.stream().mapToInt(Sequence::column).max().orElse(0);
  }

  /**
   * Puts sequences behind the last one.
   *
   * @param read for each sequence, what was read into columns of its own; null if it has none
   * @throws IllegalStateException if the table is too small
   */
  void add(List<? extends Sequence> sequences, List<@Nullable Segment> read) {
    int needed = sequences.stream().mapToInt(Sequence::columns).max().orElse(0);
    if (size() + sequences.size() > table.rows() || needed > table.columns()) {
      throw new IllegalStateException(
          size()
              + sequences.size()
              + " rows of "
              + needed
              + " columns in a table of "
              + table.rows()
              + " x "
              + table.columns());
    }
    for (int i = 0; i < sequences.size(); i++) {
      Segment own = read.get(i);
      if (own != null) {
        table.place(own, size());
      }
      rows.add(sequences.get(i));
    }
    forgetLayout();
  }

  /** Lets sequences leave; the last ones take their rows. */
  void removeIf(Predicate<Sequence> leaves) {
    int kept = (int) rows.stream().filter(leaves.negate()).count();
    if (kept == size()) {
      return;
    }
    int used = usedColumns();
    int[] holes = IntStream.range(0, kept).filter(r -> leaves.test(rows.get(r))).toArray();
    int[] last = IntStream.range(kept, size()).filter(r -> !leaves.test(rows.get(r))).toArray();
    table.move(longs(last), longs(holes), used);
    for (int i = 0; i < holes.length; i++) {
      rows.set(holes[i], rows.get(last[i]));
    }
    rows.subList(kept, rows.size()).clear();
    forgetLayout();
  }

  /** Which sequence each row is of: idle ones repeat them in turn. */
  private long[] fed(int count) {
    return IntStream.range(0, count).mapToLong(row -> row % size()).toArray();
  }

  /**
   * Decodes n tokens of every sequence, in one native call.
   *
   * @param logits receives the logits (rows, vocabulary) that the last tokens were chosen from,
   *     unless it is empty
   */
  Chunk decode(int n, float[] logits) {
    double[] uniforms = new double[size() * n];
    long[] state = new long[3 * size()];
    int longest = 0;
    for (int r = 0; r < size(); r++) {
      Sequence row = rows.get(r);
      row.fillUniforms(uniforms, r * n, n);
      state[r] = row.pending();
      state[size() + r] = row.column();
      state[2 * size() + r] = row.position();
      longest = Math.max(longest, row.column());
    }
    table.clean(Math.min(longest + n, table.columns()));
    BatchLayout now = layout();
    Knobs knobs = now.knobs();
    try (NDManager scope = network.manager().newSubManager()) {
      NDList result =
          network.compute(
              scope,
              "generate",
              scope.create(state, new Shape(3, size())),
              scope.create(fed(network.fed(size()))),
              longest,
              table.tensors(),
              now.order(),
              now.sizes(),
              now.segments(),
              now.lengths(),
              scope.create(uniforms, new Shape(size(), n)),
              knobs.penalised() ? metIds(scope) : forbidden,
              forbidden,
              tail,
              stops,
              vocabulary.pad(),
              now.numbers(),
              now.topK(),
              knobs.most(),
              knobs.narrowed(),
              knobs.penalised(),
              knobs.someGreedy(),
              knobs.someDrawn());
      if (logits.length > 0) {
        System.arraycopy(result.get(3).toFloatArray(), 0, logits, 0, logits.length);
      }
      return new Chunk(
          result.get(0).toLongArray(),
          result.get(1).toFloatArray(),
          result.get(2).toFloatArray(),
          n);
    }
  }

  /** The ids of every sequence so far, (rows, longest), the first one again where it is shorter. */
  private NDArray metIds(NDManager scope) {
    int longest =
        rows.stream().mapToInt(row -> row.prompt().length() + row.length()).max().orElseThrow();
    long[] ids = new long[size() * longest];
    for (int r = 0; r < size(); r++) {
      Sequence row = rows.get(r);
      int prompt = row.prompt().length();
      Arrays.fill(ids, r * longest, (r + 1) * longest, row.prompt().ids()[0]);
      for (int i = 0; i < prompt + row.length(); i++) {
        ids[r * longest + i] = i < prompt ? row.prompt().ids()[i] : row.token(i - prompt);
      }
    }
    return scope.create(ids, new Shape(size(), longest));
  }

  private BatchLayout layout() {
    BatchLayout known = layout;
    if (known == null) {
      known = BatchLayout.of(rows, vocabulary.size(), network.manager());
      layout = known;
    }
    return known;
  }

  private void forgetLayout() {
    if (layout != null) {
      layout.close();
      layout = null;
    }
  }

  @Override
  public void close() {
    forgetLayout();
    table.close();
    forbidden.close();
    stops.close();
  }
}
