package krites.model.plain;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import krites.model.image.PatchGrid;
import krites.model.image.ProcessedImage;
import krites.model.qwen25vl.MultimodalPositions;
import krites.model.qwen25vl.Qwen25VlConfig;

/**
 * Prompts decoded side by side with a static key-value cache: each row reads its own prompt, padded
 * on the left, and all rows go on for the same number of tokens.
 *
 * <p>Owns the caches. One thread.
 */
public final class PlainDecoding implements AutoCloseable {
  private final PlainNetwork network;
  private final NDManager manager;
  private final NDList caches = new NDList();
  private final NDArray bias; // (B, 1, 1, S): minus infinity at padding
  private final int rows;
  private final int width;
  private final int columns;
  private NDArray logits; // (B, V)
  private NDArray next; // (3, B, 1), position of the next token
  private int column;

  /**
   * One prompt.
   *
   * @param ids tokens, image placeholders expanded
   */
  public record Prompt(int[] ids, List<ProcessedImage> images) {}

  /** Tokens and their log-probabilities under softmax(logits / temperature), both (B, n). */
  public record Tokens(long[] ids, float[] logProbs) {}

  /**
   * Reads prompts.
   *
   * @param newTokens most tokens that will be decoded
   */
  public PlainDecoding(
      PlainNetwork network, List<Prompt> prompts, int newTokens, NDManager parent) {
    this.network = network;
    this.manager = parent.newSubManager();
    this.rows = prompts.size();
    this.width = prompts.stream().mapToInt(prompt -> prompt.ids().length).max().orElseThrow();
    this.columns = width + newTokens;
    this.column = width;
    Qwen25VlConfig config = network.config();
    Shape shape = new Shape(rows, config.keyValueHeads(), columns, config.headSize());
    for (int i = 0; i < 2 * config.layers(); i++) {
      caches.add(manager.zeros(shape));
    }
    boolean[] real = new boolean[rows * columns];
    long[] positions = new long[rows * 3];
    for (int row = 0; row < rows; row++) {
      Prompt prompt = prompts.get(row);
      int pad = width - prompt.ids().length;
      Arrays.fill(real, row * columns + pad, (row + 1) * columns, true);
      int place = positions(prompt, config).next();
      for (int axis = 0; axis < 3; axis++) {
        positions[axis * rows + row] = place;
      }
    }
    this.bias = PlainLayers.bias(real, new Shape(rows, 1, 1, columns), manager);
    this.next = manager.create(positions, new Shape(3, rows, 1));
    this.logits = read(prompts);
  }

  private static MultimodalPositions positions(Prompt prompt, Qwen25VlConfig config) {
    List<PatchGrid> grids = prompt.images().stream().map(ProcessedImage::grid).toList();
    return MultimodalPositions.of(prompt.ids(), grids, config);
  }

  /** The whole prompts at once; gives the logits behind them. */
  private NDArray read(List<Prompt> prompts) {
    Qwen25VlConfig config = network.config();
    long[] ids = new long[rows * width];
    long[] positions = new long[3 * rows * width];
    boolean[] seen = new boolean[rows * width * width];
    List<ProcessedImage> images = new ArrayList<>();
    for (int row = 0; row < rows; row++) {
      Prompt prompt = prompts.get(row);
      int pad = width - prompt.ids().length;
      MultimodalPositions place = positions(prompt, config);
      images.addAll(prompt.images());
      for (int i = 0; i < width; i++) {
        int at = row * width + i;
        ids[at] = i < pad ? 0 : prompt.ids()[i - pad];
        for (int axis = 0; axis < 3; axis++) {
          positions[axis * rows * width + at] = i < pad ? 1 : place.axes()[axis][i - pad];
        }
        // Padding looks at itself, so that its softmax is a number; nobody looks at it.
        int from = i < pad ? i : pad;
        Arrays.fill(seen, at * width + from, at * width + i + 1, true);
      }
    }
    try (NDScope scope = new NDScope();
        NDManager mine = manager.newSubManager()) {
      scope.suppressNotUsedWarning();
      Shape shape = new Shape(rows, width);
      NDArray x =
          images.isEmpty()
              ? network.embed(mine.create(ids, shape))
              : network.embed(ids, shape, network.see(images, mine), mine);
      NDArray hidden =
          network.hidden(
              x,
              mine.create(positions, new Shape(3, rows, width)),
              PlainLayers.bias(seen, new Shape(rows, 1, width, width), mine),
              (layer, k, v) -> {
                NDIndex prompt = new NDIndex(":, :, 0:{}", width);
                caches.get(2 * layer).set(prompt, k);
                caches.get(2 * layer + 1).set(prompt, v);
                return new NDList(k, v);
              });
      return keep(network.logits(hidden.get(new NDIndex(":, {}", width - 1))));
    }
  }

  /** Takes a result out of the open scope. */
  private NDArray keep(NDArray result) {
    NDScope.unregister(result);
    result.attach(manager);
    return result;
  }

  /** Logits of the next token, (B, V), row major. */
  public float[] logits() {
    return logits.toFloatArray();
  }

  /** The n most likely tokens, one after the other. */
  public Tokens greedy(int n) {
    return decode(n, 0, new double[0]);
  }

  /**
   * Draws n tokens by inverse cumulative distribution, as the engine does.
   *
   * @param uniforms (B, n) numbers in [0, 1)
   */
  public Tokens sample(double[] uniforms, double temperature) {
    return decode(uniforms.length / rows, temperature, uniforms);
  }

  private Tokens decode(int n, double temperature, double[] uniforms) {
    if (column + n > columns) {
      throw new IllegalArgumentException(
          n + " tokens for " + (columns - column) + " columns that are left");
    }
    long[] ids = new long[rows * n];
    float[] logProbs = new float[rows * n];
    for (int i = 0; i < n; i++) {
      try (NDScope scope = new NDScope();
          NDManager mine = manager.newSubManager()) {
        scope.suppressNotUsedWarning();
        NDArray scaled = temperature > 0 ? logits.div((float) temperature) : logits;
        NDArray token;
        if (temperature > 0) {
          double[] draws = new double[rows];
          for (int row = 0; row < rows; row++) {
            draws[row] = uniforms[row * n + i];
          }
          token = pick(scaled, mine.create(draws, new Shape(rows, 1)));
        } else {
          token = scaled.argMax(-1);
        }
        NDArray chosen = scaled.logSoftmax(-1).gather(token.expandDims(1), 1);
        long[] drawn = token.toLongArray();
        float[] theirs = chosen.toFloatArray();
        for (int row = 0; row < rows; row++) {
          ids[row * n + i] = drawn[row];
          logProbs[row * n + i] = theirs[row];
        }
        step(token);
      }
    }
    return new Tokens(ids, logProbs);
  }

  /** The first token whose cumulative probability exceeds the draw, in float64. */
  private static NDArray pick(NDArray logits, NDArray draws) {
    NDArray cumulative = logits.toType(DataType.FLOAT64, false).softmax(-1).cumSum(-1);
    long last = logits.getShape().get(1) - 1;
    NDArray target = draws.mul(cumulative.get(new NDIndex(":, {}:", last)));
    NDArray below = cumulative.lte(target).toType(DataType.INT64, false);
    return below.sum(new int[] {-1}).clip(0, last);
  }

  /** Appends a token to each row. */
  private void step(NDArray token) {
    NDArray x = network.embed(token.expandDims(1));
    NDIndex here = new NDIndex(":, :, {}:{}", column, column + 1);
    NDIndex soFar = new NDIndex(":, :, 0:{}", column + 1);
    NDArray hidden =
        network.hidden(
            x,
            next,
            bias.get(new NDIndex(":, :, :, 0:{}", column + 1)),
            (layer, k, v) -> {
              NDArray keys = caches.get(2 * layer);
              NDArray values = caches.get(2 * layer + 1);
              keys.set(here, k);
              values.set(here, v);
              return new NDList(keys.get(soFar), values.get(soFar));
            });
    NDArray fresh = keep(network.logits(hidden.get(":, 0")));
    logits.close();
    logits = fresh;
    NDArray after = keep(next.add(1));
    next.close();
    next = after;
    column++;
  }

  @Override
  public void close() {
    manager.close();
  }
}
