package krites.rollout;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import krites.grpo.Sampling;
import krites.model.image.ProcessedImage;
import org.jspecify.annotations.Nullable;

/**
 * Given prompts, read at once and decoded token by token together: the engine's own parts without
 * groups, seeds and a budget, for comparisons with a reference.
 *
 * <p>Rows are counted from 0 over the prompts in order, a prompt's responses side by side. A
 * response that ended leaves the batch beneath, as it does in the engine, and gives pads.
 */
public final class LockstepBatch implements AutoCloseable {
  private final DecodeBatch batch;
  private final KvBudget budget;
  private final ReuseCache cache;
  private final List<Segment> prompts = new ArrayList<>();
  private final List<Row> rows = new ArrayList<>();
  private final DecodeBatch.Vocabulary vocabulary;
  private float[] logits = new float[0];

  /**
   * What one prompt gives to the network.
   *
   * @param ids tokens to be read, those of a response so far included
   * @param images in the order of their placeholders
   * @param copies responses that go on behind these tokens
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared, never changed
  public record Input(int[] ids, List<ProcessedImage> images, int copies) {
    /** A prompt with one response. */
    public Input(int[] ids, List<ProcessedImage> images) {
      this(ids, images, 1);
    }
  }

  private static final class Row implements Sequence {
    final PromptTokens prompt;
    final Sampling sampling;
    final @Nullable Segment shared;
    final int[] ids;
    int length;
    boolean done;
    double[] uniforms = new double[0];
    int uniformsFrom;

    Row(PromptTokens prompt, Sampling sampling, @Nullable Segment shared) {
      this.prompt = prompt;
      this.sampling = sampling;
      this.shared = shared;
      this.ids = new int[sampling.maxNewTokens()];
    }

    @Override
    public PromptTokens prompt() {
      return prompt;
    }

    @Override
    public @Nullable Segment shared() {
      return shared;
    }

    @Override
    public Sampling sampling() {
      return sampling;
    }

    @Override
    public int length() {
      return length;
    }

    @Override
    public int token(int index) {
      return ids[index];
    }

    @Override
    public int end() {
      return sampling.maxNewTokens();
    }

    void take(int token, DecodeBatch.Vocabulary vocabulary) {
      if (!done && length < ids.length) {
        ids[length++] = token;
        done = vocabulary.stops(token);
      }
    }

    @Override
    public void fillUniforms(double[] target, int offset, int count) {
      System.arraycopy(uniforms, uniformsFrom, target, offset, count);
    }
  }

  private LockstepBatch(RolloutNetwork network, DecodeBatch.Vocabulary vocabulary) {
    this.vocabulary = vocabulary;
    this.budget = KvBudget.unlimited(network.tokenBytes());
    this.cache = new ReuseCache(budget, Long.MAX_VALUE);
    this.batch = new DecodeBatch(network, vocabulary, budget);
  }

  /**
   * Reads prompts.
   *
   * @param inputs at least one; a prompt of several responses is read once and shared
   * @param sampling of all; its limit of tokens is what can be decoded
   */
  public static LockstepBatch read(
      RolloutNetwork network,
      DecodeBatch.Vocabulary vocabulary,
      List<Input> inputs,
      Sampling sampling) {
    LockstepBatch lockstep = new LockstepBatch(network, vocabulary);
    try {
      lockstep.read(network, inputs, sampling);
      return lockstep;
    } catch (RuntimeException e) {
      lockstep.close();
      throw e;
    }
  }

  private void read(RolloutNetwork network, List<Input> inputs, Sampling sampling) {
    List<PromptReader.Piece> pieces = new ArrayList<>();
    List<@Nullable Segment> own = new ArrayList<>();
    for (Input input : inputs) {
      PromptTokens prompt = PromptTokens.of(input.ids(), input.images(), network.config());
      @Nullable Segment read =
          prompt.read() == 0 ? null : new Segment(network, budget, prompt.read());
      if (read != null) {
        prompts.add(read);
        Reading reading = Reading.ofPrompt(read, prompt);
        pieces.add(new PromptReader.Piece(reading, reading.left()));
      }
      for (int i = 0; i < input.copies(); i++) {
        rows.add(new Row(prompt, sampling, input.copies() > 1 ? read : null));
        own.add(input.copies() > 1 ? null : read);
      }
    }
    if (!pieces.isEmpty()) {
      new PromptReader(network, new VisionCache(network, budget, cache)).read(pieces);
    }
    batch.reshape(rows.size(), rows.stream().mapToInt(Sequence::columns).max().orElseThrow());
    batch.add(rows, own);
  }

  /**
   * Decodes tokens of every row.
   *
   * @param uniforms (rows, n) numbers in [0, 1), one per token to be drawn; n tokens are decoded
   */
  public DecodeBatch.Chunk decode(double[] uniforms) {
    int n = uniforms.length / rows.size();
    for (int r = 0; r < rows.size(); r++) {
      rows.get(r).uniforms = uniforms;
      rows.get(r).uniformsFrom = r * n;
    }
    long[] tokens = new long[uniforms.length];
    float[] logProbs = new float[uniforms.length];
    float[] drawn = new float[uniforms.length];
    Arrays.fill(tokens, vocabulary.pad());
    if (batch.size() > 0) {
      logits = new float[batch.size() * vocabulary.size()];
      DecodeBatch.Chunk chunk = batch.decode(n, logits);
      for (int b = 0; b < batch.size(); b++) {
        Row row = (Row) batch.rows().get(b);
        int r = rows.indexOf(row);
        System.arraycopy(chunk.logProbs(), b * n, logProbs, r * n, n);
        System.arraycopy(chunk.drawnLogProbs(), b * n, drawn, r * n, n);
        for (int i = 0; i < n; i++) {
          tokens[r * n + i] = chunk.tokens()[b * n + i];
          row.take((int) tokens[r * n + i], vocabulary);
        }
      }
      batch.removeIf(row -> ((Row) row).done);
    }
    return new DecodeBatch.Chunk(tokens, logProbs, drawn, n);
  }

  /** Ends a row: it gives pads from now on. */
  public void leave(int row) {
    rows.get(row).done = true;
    batch.removeIf(other -> ((Row) other).done);
  }

  /**
   * Logits that the last tokens were chosen from, (rows, vocabulary) of the rows that were not done
   * before, row major; for comparisons.
   */
  public float[] logits() {
    return logits.clone();
  }

  @Override
  public void close() {
    batch.close();
    prompts.forEach(Segment::close);
    cache.close();
  }
}
