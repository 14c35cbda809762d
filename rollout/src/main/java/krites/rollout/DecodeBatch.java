package krites.rollout;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import krites.grpo.Sampling;
import krites.model.image.PatchGrid;
import krites.model.image.ProcessedImage;
import krites.model.qwen25vl.MultimodalPositions;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.qwen25vl.VisionInputs;
import krites.model.torchscript.ScriptModule;

/**
 * Sequences that decode together: prompts are read once each, padded on the left, then every
 * prompt's cache is spread over its responses.
 *
 * <p>Owns the caches. Rows are counted from 0 over the prompts in order, a prompt's responses side
 * by side. A response that goes on is a prompt of its own, its tokens so far at the end.
 */
public final class DecodeBatch implements AutoCloseable {
  /**
   * Columns that the caches get at a time, since most responses end long before their limit: at 256
   * a copy of the caches costs less than one of the tokens between two copies.
   */
  static final int ROOM = 256;

  private final ScriptModule script;
  private final NDManager parent;
  private final Vocabulary vocabulary;
  private final Sampling sampling;
  private NDManager owner;
  private NDList caches;
  private NDArray logits;
  private NDArray next;
  private NDArray valid;
  private NDArray done;
  private NDArray seen;
  private int column;
  private int columns;
  private int rows;

  /**
   * What one prompt gives to the network.
   *
   * @param ids tokens to be read, those of a response so far included
   * @param images in the order of their placeholders; an image object that several inputs share
   *     goes through the vision tower once
   * @param copies responses that go on behind these tokens
   */
  public record Input(int[] ids, List<ProcessedImage> images, int copies) {
    /** A prompt with one response. */
    public Input(int[] ids, List<ProcessedImage> images) {
      this(ids, images, 1);
    }
  }

  /**
   * Tokens with a role in decoding.
   *
   * @param size rows of the embedding
   * @param stops tokens that end a response
   * @param forbidden (size) tokens that are never sampled
   * @param pad fed after the end of a sequence
   */
  public record Vocabulary(int size, int[] stops, boolean[] forbidden, int pad) {}

  /** Tokens and log-probabilities of one chunk, both rows x n, and which rows have ended. */
  public record Chunk(long[] tokens, float[] logProbs, boolean[] done, int length) {}

  @SuppressWarnings(
      "NullAway.Init") // prefill, the only caller, sets the tensors before anybody sees the batch
  private DecodeBatch(
      ScriptModule script, NDManager parent, Vocabulary vocabulary, Sampling sampling, int rows) {
    this.script = script;
    this.parent = parent;
    this.owner = parent.newSubManager();
    this.vocabulary = vocabulary;
    this.sampling = sampling;
    this.rows = rows;
  }

  /**
   * Reads prompts.
   *
   * @param inputs at least one
   * @param newTokens most tokens that will be decoded behind the prompts; the caches get room for
   *     them as they come
   * @param parent owner of the native memory of the batch
   */
  public static DecodeBatch prefill(
      ScriptModule script,
      Qwen25VlConfig config,
      NetworkWeights weights,
      Vocabulary vocabulary,
      List<Input> inputs,
      int newTokens,
      Sampling sampling,
      NDManager parent) {
    int rows = inputs.stream().mapToInt(Input::copies).sum();
    DecodeBatch batch = new DecodeBatch(script, parent, vocabulary, sampling, rows);
    try {
      batch.read(config, weights, inputs, newTokens);
      return batch;
    } catch (RuntimeException e) {
      batch.close();
      throw e;
    }
  }

  private void read(
      Qwen25VlConfig config, NetworkWeights weights, List<Input> inputs, int newTokens) {
    int prompts = inputs.size();
    int width = inputs.stream().mapToInt(input -> input.ids().length).max().orElseThrow();
    columns = width + Math.min(newTokens, ROOM);
    long[] ids = new long[prompts * width];
    long[] positions = new long[3 * prompts * width];
    int[] doc = new int[prompts * width];
    Arrays.fill(ids, vocabulary.pad());
    Arrays.fill(positions, 1);
    Arrays.fill(doc, -1);
    boolean[] real = new boolean[rows * columns];
    long[] nextPositions = new long[rows];
    long[] origin = new long[rows];
    boolean[] met = new boolean[rows * (usesPenalty() ? vocabulary.size() : 1)];
    List<Long> imageAt = new ArrayList<>();
    VisionRows images = new VisionRows(config.vision().merge());
    int row = 0;
    for (int p = 0; p < prompts; p++) {
      Input input = inputs.get(p);
      List<PatchGrid> grids = input.images().stream().map(ProcessedImage::grid).toList();
      MultimodalPositions place = MultimodalPositions.of(input.ids(), grids, config);
      int pad = width - input.ids().length;
      input.images().forEach(images::add);
      for (int i = 0; i < input.ids().length; i++) {
        int at = p * width + pad + i;
        ids[at] = input.ids()[i];
        doc[at] = p;
        for (int axis = 0; axis < 3; axis++) {
          positions[axis * prompts * width + at] = place.axes()[axis][i];
        }
        if (input.ids()[i] == config.imageToken()) {
          imageAt.add((long) at);
        }
      }
      for (int c = 0; c < input.copies(); c++, row++) {
        origin[row] = p;
        nextPositions[row] = place.next();
        Arrays.fill(real, row * columns + pad, row * columns + width, true);
        if (usesPenalty()) {
          for (int id : input.ids()) {
            met[row * vocabulary.size() + id] = true;
          }
        }
      }
    }
    try (NDManager scope = parent.newSubManager()) {
      NDArray embeddings = scope.zeros(new Shape(0));
      if (!images.distinct().isEmpty()) {
        NDList vision = VisionInputs.of(images.distinct(), config, scope);
        List<Object> arguments = new ArrayList<>(vision);
        arguments.add(weights.tensors());
        NDList seenOnce = script.call(scope, "vision", arguments.toArray());
        embeddings = script.call(scope, "keep_rows", seenOnce, scope.create(images.rows())).get(0);
      }
      NDList read =
          script.call(
              scope,
              "prefill",
              scope.create(ids, new Shape(prompts, width)),
              scope.create(imageAt.stream().mapToLong(Long::longValue).toArray()),
              embeddings,
              scope.create(positions, new Shape(3, prompts, width)),
              scope.create(IntBuffer.wrap(doc), new Shape(prompts, width), DataType.INT32),
              weights.tensors());
      NDArray origins = scope.create(origin);
      NDList keysAndValues = new NDList(read.subList(1, read.size()));
      caches = script.call(owner, "spread", keysAndValues, origins, columns);
      logits = script.call(owner, "keep_rows", new NDList(read.get(0)), origins).get(0);
    }
    next = owner.create(nextPositions);
    valid = VisionInputs.booleans(real, new Shape(rows, columns), owner);
    done = VisionInputs.booleans(new boolean[rows], new Shape(rows), owner);
    seen = VisionInputs.booleans(met, new Shape(rows, met.length / rows), owner);
    column = width;
  }

  private boolean usesPenalty() {
    return sampling.repetitionPenalty() != 1f;
  }

  /** Sequences that are still in the batch. */
  public int rows() {
    return rows;
  }

  /** Logits of the next token, (rows, vocabulary), row major; for comparisons. */
  public float[] logits() {
    return logits.toFloatArray();
  }

  /**
   * Decodes tokens.
   *
   * @param uniforms (rows, n) numbers in [0, 1), one per token to be drawn; n tokens are decoded
   * @param weights those of the version that decodes; they may differ from the last call's
   */
  public Chunk decode(double[] uniforms, NetworkWeights weights) {
    int n = uniforms.length / rows;
    if (column + n > columns) {
      widen(Math.max(n, ROOM));
    }
    try (NDManager scope = parent.newSubManager()) {
      NDManager kept = parent.newSubManager();
      NDList result =
          script.call(
              kept,
              "generate",
              logits,
              next,
              valid,
              column,
              caches,
              scope.create(uniforms, new Shape(rows, n)),
              done,
              seen,
              VisionInputs.booleans(vocabulary.forbidden(), new Shape(vocabulary.size()), scope),
              scope.create(Arrays.stream(vocabulary.stops()).asLongStream().toArray()),
              vocabulary.pad(),
              sampling.temperature(),
              sampling.topK(),
              sampling.topP(),
              sampling.repetitionPenalty(),
              weights.tensors());
      keep(kept, caches, result.get(2), result.get(3), valid, result.get(4), seen);
      column += n;
      return new Chunk(
          result.get(0).toLongArray(),
          result.get(1).toFloatArray(),
          result.get(4).toBooleanArray(),
          n);
    }
  }

  /** Gives the caches further columns. */
  private void widen(int more) {
    NDManager fresh = parent.newSubManager();
    try (NDManager scope = parent.newSubManager()) {
      NDArray all = scope.arange(0, rows, 1, DataType.INT64);
      NDList wide = script.call(fresh, "spread", caches, all, columns + more);
      NDArray blank = VisionInputs.booleans(new boolean[rows * more], new Shape(rows, more), scope);
      NDArray wideValid = valid.concat(blank, 1);
      List.of(logits, next, done).forEach(state -> state.attach(fresh));
      keep(fresh, wide, logits, next, wideValid, done, seen);
    }
    columns += more;
  }

  /** Takes over the state under a new owner and frees everything else. */
  private void keep(
      NDManager kept,
      NDList newCaches,
      NDArray newLogits,
      NDArray newNext,
      NDArray newValid,
      NDArray newDone,
      NDArray newSeen) {
    newCaches.forEach(cache -> cache.attach(kept));
    newValid.attach(kept);
    newSeen.attach(kept);
    caches = newCaches;
    logits = newLogits;
    next = newNext;
    valid = newValid;
    done = newDone;
    seen = newSeen;
    owner.close();
    owner = kept;
  }

  /** Goes on with some rows only; the others' memory is freed. */
  public void keepRows(int[] kept) {
    NDManager fresh = parent.newSubManager();
    try (NDManager scope = parent.newSubManager()) {
      NDArray index = scope.create(Arrays.stream(kept).asLongStream().toArray());
      NDList small =
          script.call(fresh, "keep_rows", new NDList(logits, next, valid, done, seen), index);
      NDList fewer = script.call(fresh, "keep_rows", caches, index);
      keep(fresh, fewer, small.get(0), small.get(1), small.get(2), small.get(3), small.get(4));
    }
    rows = kept.length;
  }

  @Override
  public void close() {
    owner.close();
  }
}
