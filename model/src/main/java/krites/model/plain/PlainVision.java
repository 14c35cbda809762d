package krites.model.plain;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import java.nio.FloatBuffer;
import java.util.List;
import krites.model.image.PatchGrid;
import krites.model.image.ProcessedImage;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.qwen25vl.VisionLayout;

/**
 * The vision tower: patches in window order, attention in windows or in whole images, four patches
 * merged into one token.
 */
final class PlainVision {
  private static final double NORM_EPSILON = 1e-6;
  private static final double THETA = 10_000;

  private final Qwen25VlConfig.Vision config;
  private final PlainWeights weights;

  PlainVision(Qwen25VlConfig.Vision config, PlainWeights weights) {
    this.config = config;
    this.weights = weights;
  }

  /**
   * Embeddings of images, (merged patches, hidden), in the images' own order.
   *
   * @param images at least one
   */
  NDArray embeddings(List<ProcessedImage> images, NDManager manager) {
    List<PatchGrid> grids = images.stream().map(ProcessedImage::grid).toList();
    VisionLayout layout = VisionLayout.of(grids, config);
    int patches = layout.patches();
    NDArray x = stem(pixels(images, patches, manager), layout.order(), manager);
    NDList rotary = rotary(layout, manager);
    for (int i = 0; i < config.depth(); i++) {
      boolean seesAll = config.fullAttentionBlocks().contains(i);
      x = block(i, x, rotary, seesAll ? layout.frames() : layout.windows(), manager);
    }
    return merger(x, layout.reverse(), manager);
  }

  private NDArray pixels(List<ProcessedImage> images, int patches, NDManager manager) {
    FloatBuffer values = FloatBuffer.allocate(patches * config.patchValues());
    images.forEach(image -> values.put(image.pixelValues()));
    return manager.create(values.array(), new Shape(patches, config.patchValues()));
  }

  /** Patches become channels, and merged groups are brought into window order. */
  private NDArray stem(NDArray pixels, long[] order, NDManager manager) {
    NDArray patch = weights.get("visual.patch_embed.proj.weight").reshape(config.hidden(), -1);
    NDArray x = PlainLayers.linear(pixels, patch);
    NDArray groups = x.reshape(-1, config.mergedPatches(), config.hidden());
    return groups.get(manager.create(order)).reshape(-1, config.hidden());
  }

  /** Cosines and sines, (N, 1, head size): the first half turns by row, the second by column. */
  private NDList rotary(VisionLayout layout, NDManager manager) {
    NDArray inverse = manager.create(PlainLayers.inverseFrequencies(config.headSize() / 2, THETA));
    NDArray rows = manager.create(layout.rows()).expandDims(1).mul(inverse);
    NDArray columns = manager.create(layout.columns()).expandDims(1).mul(inverse);
    NDArray angles = NDArrays.concat(new NDList(rows, columns, rows, columns), 1).expandDims(1);
    return new NDList(angles.cos(), angles.sin());
  }

  private NDArray block(
      int i, NDArray x, NDList rotary, VisionLayout.Segments segments, NDManager manager) {
    String block = "visual.blocks." + i + ".";
    NDArray h = PlainLayers.norm(x, weights.get(block + "norm1.weight"), NORM_EPSILON);
    NDArray qkv = weights.linear(block + "attn.qkv", h);
    NDArray o = attention(qkv, rotary, segments, manager);
    x = x.add(weights.linear(block + "attn.proj", o));
    h = PlainLayers.norm(x, weights.get(block + "norm2.weight"), NORM_EPSILON);
    NDArray gate = PlainLayers.silu(weights.linear(block + "mlp.gate_proj", h));
    NDArray up = weights.linear(block + "mlp.up_proj", h);
    return x.add(weights.linear(block + "mlp.down_proj", gate.mul(up)));
  }

  /** Attention inside segments of equal padded length. */
  private NDArray attention(
      NDArray qkv, NDList rotary, VisionLayout.Segments segments, NDManager manager) {
    int heads = config.heads();
    int size = config.headSize();
    NDArray parts = qkv.reshape(-1, 3, heads, size);
    NDArray index = manager.create(segments.index());
    NDArray q = PlainLayers.rotate(parts.get(":, 0"), rotary.get(0), rotary.get(1));
    NDArray k = PlainLayers.rotate(parts.get(":, 1"), rotary.get(0), rotary.get(1));
    Shape folded = new Shape(segments.count(), segments.length(), heads, size);
    NDArray o =
        PlainLayers.attention(
            q.get(index).reshape(folded).swapAxes(1, 2),
            k.get(index).reshape(folded).swapAxes(1, 2),
            parts.get(":, 2").get(index).reshape(folded).swapAxes(1, 2),
            PlainLayers.bias(
                segments.mask(), new Shape(segments.count(), 1, 1, segments.length()), manager));
    return o.swapAxes(1, 2).reshape(-1, config.hidden()).get(manager.create(segments.inverse()));
  }

  private NDArray merger(NDArray x, long[] reverse, NDManager manager) {
    NDArray h = PlainLayers.norm(x, weights.get("visual.merger.ln_q.weight"), NORM_EPSILON);
    h = h.reshape(-1, (long) config.mergedPatches() * config.hidden());
    h = Activation.gelu(weights.linear("visual.merger.mlp.0", h));
    return weights.linear("visual.merger.mlp.2", h).get(manager.create(reverse));
  }
}
