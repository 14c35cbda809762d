package krites.model.qwen25vl;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The weights of a network in the order in which its script takes them, with the published names.
 *
 * <p>Layers are regular: {@link #PER_VISION_BLOCK} and {@link #PER_LAYER} tensors each, so that the
 * script finds a weight by arithmetic.
 */
public final class WeightLayout {
  static final int PER_VISION_BLOCK = 12;
  static final int PER_LAYER = 12;

  private final Map<String, long[]> shapes;
  private final List<String> names;

  private WeightLayout(Map<String, long[]> shapes) {
    this.shapes = Collections.unmodifiableMap(shapes);
    this.names = List.copyOf(shapes.keySet());
  }

  public static WeightLayout of(Qwen25VlConfig config) {
    Map<String, long[]> shapes = new LinkedHashMap<>();
    Qwen25VlConfig.Vision see = config.vision();
    int seen = see.hidden();
    shapes.put(
        "visual.patch_embed.proj.weight",
        new long[] {seen, see.channels(), see.temporalPatch(), see.patch(), see.patch()});
    for (int i = 0; i < see.depth(); i++) {
      String block = "visual.blocks." + i + ".";
      shapes.put(block + "norm1.weight", new long[] {seen});
      shapes.put(block + "norm2.weight", new long[] {seen});
      linear(shapes, block + "attn.qkv", 3L * seen, seen);
      linear(shapes, block + "attn.proj", seen, seen);
      linear(shapes, block + "mlp.gate_proj", see.intermediate(), seen);
      linear(shapes, block + "mlp.up_proj", see.intermediate(), seen);
      linear(shapes, block + "mlp.down_proj", seen, see.intermediate());
    }
    int merged = see.mergedPatches() * seen;
    shapes.put("visual.merger.ln_q.weight", new long[] {seen});
    linear(shapes, "visual.merger.mlp.0", merged, merged);
    linear(shapes, "visual.merger.mlp.2", see.outHidden(), merged);

    int hidden = config.hidden();
    long queries = (long) config.heads() * config.headSize();
    long keys = (long) config.keyValueHeads() * config.headSize();
    shapes.put("model.embed_tokens.weight", new long[] {config.vocabulary(), hidden});
    for (int i = 0; i < config.layers(); i++) {
      String layer = "model.layers." + i + ".";
      shapes.put(layer + "input_layernorm.weight", new long[] {hidden});
      linear(shapes, layer + "self_attn.q_proj", queries, hidden);
      linear(shapes, layer + "self_attn.k_proj", keys, hidden);
      linear(shapes, layer + "self_attn.v_proj", keys, hidden);
      shapes.put(layer + "self_attn.o_proj.weight", new long[] {hidden, queries});
      shapes.put(layer + "post_attention_layernorm.weight", new long[] {hidden});
      shapes.put(layer + "mlp.gate_proj.weight", new long[] {config.intermediate(), hidden});
      shapes.put(layer + "mlp.up_proj.weight", new long[] {config.intermediate(), hidden});
      shapes.put(layer + "mlp.down_proj.weight", new long[] {hidden, config.intermediate()});
    }
    shapes.put("model.norm.weight", new long[] {hidden});
    if (!config.tiedHead()) {
      shapes.put("lm_head.weight", new long[] {config.vocabulary(), hidden});
    }
    return new WeightLayout(shapes);
  }

  /** Place of the token embeddings. */
  static int embedding(Qwen25VlConfig config) {
    return 1 + PER_VISION_BLOCK * config.vision().depth() + 5;
  }

  /** Place of the norm behind the last layer; an untied head follows it. */
  static int lastNorm(Qwen25VlConfig config) {
    return embedding(config) + 1 + PER_LAYER * config.layers();
  }

  private static void linear(Map<String, long[]> shapes, String name, long out, long in) {
    shapes.put(name + ".weight", new long[] {out, in});
    shapes.put(name + ".bias", new long[] {out});
  }

  /** Published names, in script order. */
  public List<String> names() {
    return names;
  }

  /**
   * Standard deviation of a fresh matrix: min(0.05, 1/sqrt(fan-in)), half of it for projections
   * into the residual stream. Vectors are not drawn: biases are zero, norms one.
   */
  double freshDeviation(String name) {
    double deviation = Math.min(0.05, 1 / Math.sqrt((double) size(name) / shape(name)[0]));
    boolean intoResidual =
        name.endsWith("o_proj.weight")
            || name.endsWith("down_proj.weight")
            || name.endsWith("attn.proj.weight");
    return intoResidual ? deviation / 2 : deviation;
  }

  /** Whether the network has a weight of this published name. */
  public boolean has(String name) {
    return shapes.containsKey(name);
  }

  /** Shape of a weight, outermost dimension first. */
  public long[] shape(String name) {
    long[] shape = shapes.get(name);
    if (shape == null) {
      throw new IllegalArgumentException("the network has no weight " + name);
    }
    return shape.clone();
  }

  /** Number of values of a weight. */
  public long size(String name) {
    long size = 1;
    for (long side : shape(name)) {
      size *= side;
    }
    return size;
  }

  /** Number of values of all weights. */
  public long parameters() {
    return names.stream().mapToLong(this::size).sum();
  }

  /** Whether a weight belongs to the vision tower (the merger included). */
  public static boolean isVision(String name) {
    return name.startsWith("visual.");
  }
}
