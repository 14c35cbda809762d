package krites.model.plain;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.core.Embedding;
import java.util.List;
import krites.model.image.ProcessedImage;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.Qwen25VlConfig;

/**
 * Vision tower, decoder and head in NDArray calls.
 *
 * <p>Shapes: B rows, T tokens, H hidden, D head size, K key-value heads, S cache columns. Results
 * belong to the manager of the first operand; whoever calls it in a loop opens an {@code NDScope}.
 */
public final class PlainNetwork {
  private final Qwen25VlConfig config;
  private final PlainWeights weights;
  private final PlainVision vision;

  /**
   * @param weights float32, kept by the caller as long as this is used
   */
  public PlainNetwork(Qwen25VlConfig config, NetworkWeights weights) {
    this.config = config;
    this.weights = new PlainWeights(weights);
    this.vision = new PlainVision(config.vision(), this.weights);
  }

  public Qwen25VlConfig config() {
    return config;
  }

  /** Image embeddings, (image tokens, H), one image after the other. */
  public NDArray see(List<ProcessedImage> images, NDManager manager) {
    return vision.embeddings(images, manager);
  }

  /** Token embeddings, (B, T, H). */
  public NDArray embed(NDArray ids) {
    return Embedding.embedding(ids, weights.get("model.embed_tokens.weight"), SparseFormat.DENSE)
        .singletonOrThrow();
  }

  /**
   * Token embeddings with those of images where image tokens stand.
   *
   * @param ids (B, T), row major
   * @param images (image tokens, H) in the order of their tokens
   */
  public NDArray embed(long[] ids, Shape shape, NDArray images, NDManager manager) {
    NDArray text = embed(manager.create(ids, shape)).reshape(-1, config.hidden());
    long[] source = new long[ids.length];
    int met = 0;
    for (int i = 0; i < ids.length; i++) {
      source[i] = ids[i] == config.imageToken() ? ids.length + met++ : i;
    }
    NDArray both = NDArrays.concat(new NDList(text, images), 0);
    return both.get(manager.create(source)).reshape(shape.get(0), shape.get(1), config.hidden());
  }

  /** Where the keys and values of one layer go, and which of them attention reads. */
  interface Cache {
    /**
     * @param k rotated keys (B, K, T, D), as {@code v}
     * @return keys and values that the queries look at, (B, K, S, D)
     */
    NDList extend(int layer, NDArray k, NDArray v);
  }

  /** Normed hidden states (B, T, H), each token looking at those before it in its own row. */
  public NDArray hidden(NDArray x, NDArray positions, NDArray bias) {
    NDList rotary = rotary(positions, x.getManager());
    for (int i = 0; i < config.layers(); i++) {
      x = layer(i, x, rotary, bias, (_, k, v) -> new NDList(k, v));
    }
    return lastNorm(x);
  }

  /**
   * As above, with a cache and without gradients: what a layer made is freed behind it, or a long
   * prompt of a deep network would hold the activations of all its layers.
   *
   * @param positions (3, B, T), whole numbers
   * @param bias (B or 1, 1, T or 1, S): 0 where a token may look, minus infinity where not
   */
  NDArray hidden(NDArray x, NDArray positions, NDArray bias, Cache cache) {
    NDList rotary = rotary(positions, x.getManager());
    for (int i = 0; i < config.layers(); i++) {
      try (NDScope scope = new NDScope()) {
        scope.suppressNotUsedWarning();
        x = layer(i, x, rotary, bias, cache);
        NDScope.unregister(x);
      }
      NDScope.register(x);
    }
    return lastNorm(x);
  }

  private NDArray lastNorm(NDArray x) {
    return PlainLayers.norm(x, weights.get("model.norm.weight"), config.normEpsilon());
  }

  /** Logits (…, vocabulary). */
  public NDArray logits(NDArray hidden) {
    return PlainLayers.linear(
        hidden, weights.get(config.tiedHead() ? "model.embed_tokens.weight" : "lm_head.weight"));
  }

  /** Cosines and sines, (B, 1, T, D): each axis turns its own section of the frequencies. */
  private NDList rotary(NDArray positions, NDManager manager) {
    float[] inverse = PlainLayers.inverseFrequencies(config.headSize(), config.ropeTheta());
    NDArray all = manager.create(inverse);
    NDArray places = positions.toType(DataType.FLOAT32, false).expandDims(3);
    NDList sections = new NDList();
    int from = 0;
    for (int axis = 0; axis < 3; axis++) {
      int to = from + config.ropeSections().get(axis);
      sections.add(places.get(axis).mul(all.get(new NDIndex("{}:{}", from, to))));
      from = to;
    }
    NDArray half = NDArrays.concat(sections, 2);
    NDArray angles = NDArrays.concat(new NDList(half, half), 2).expandDims(1);
    return new NDList(angles.cos(), angles.sin());
  }

  private NDArray layer(int i, NDArray x, NDList rotary, NDArray bias, Cache cache) {
    String layer = "model.layers." + i + ".";
    NDArray h =
        PlainLayers.norm(x, weights.get(layer + "input_layernorm.weight"), config.normEpsilon());
    NDArray q = headsFirst(weights.linear(layer + "self_attn.q_proj", h), config.heads());
    NDArray k = headsFirst(weights.linear(layer + "self_attn.k_proj", h), config.keyValueHeads());
    NDArray v = headsFirst(weights.linear(layer + "self_attn.v_proj", h), config.keyValueHeads());
    q = PlainLayers.rotate(q, rotary.get(0), rotary.get(1));
    k = PlainLayers.rotate(k, rotary.get(0), rotary.get(1));
    NDList seen = cache.extend(i, k, v);
    NDArray o = attention(q, seen.get(0), seen.get(1), bias);
    x = x.add(weights.linear(layer + "self_attn.o_proj", o));
    h =
        PlainLayers.norm(
            x, weights.get(layer + "post_attention_layernorm.weight"), config.normEpsilon());
    NDArray gate = PlainLayers.silu(weights.linear(layer + "mlp.gate_proj", h));
    NDArray up = weights.linear(layer + "mlp.up_proj", h);
    return x.add(weights.linear(layer + "mlp.down_proj", gate.mul(up)));
  }

  private NDArray headsFirst(NDArray x, int heads) {
    Shape shape = x.getShape();
    return x.reshape(shape.get(0), shape.get(1), heads, config.headSize()).swapAxes(1, 2);
  }

  /** Grouped queries: each key-value head serves {@code heads / keyValueHeads} of them. */
  private NDArray attention(NDArray q, NDArray k, NDArray v, NDArray bias) {
    int repeat = config.heads() / config.keyValueHeads();
    long rows = q.getShape().get(0);
    long tokens = q.getShape().get(2);
    long width = (long) config.heads() * config.headSize();
    if (tokens == 1) {
      // The queries of one head's group side by side: nothing needs to be repeated.
      NDArray grouped = q.reshape(rows, config.keyValueHeads(), repeat, config.headSize());
      return PlainLayers.attention(grouped, k, v, bias).reshape(rows, 1, width);
    }
    NDArray o = PlainLayers.attention(q, k.repeat(1, repeat), v.repeat(1, repeat), bias);
    return o.swapAxes(1, 2).reshape(rows, tokens, width);
  }
}
