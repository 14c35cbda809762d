package krites.rollout;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import krites.model.image.ProcessedImage;
import krites.model.qwen25vl.VisionInputs;

/**
 * Embeddings of images by their content: an image goes through the vision tower once for each
 * version of the weights, as long as there is room to keep what came of it.
 */
final class VisionCache {
  private final RolloutNetwork network;
  private final KvBudget budget;
  private final ReuseCache cache;
  private final Map<ImageKey, NDArray> fresh = new LinkedHashMap<>();
  private long encoded;
  private long hits;

  VisionCache(RolloutNetwork network, KvBudget budget, ReuseCache cache) {
    this.network = network;
    this.budget = budget;
    this.cache = cache;
  }

  /** Images that went through the tower. */
  long encoded() {
    return encoded;
  }

  /** Images that did not have to. */
  long hits() {
    return hits;
  }

  /**
   * Embeddings (tokens, H) of images, until the scope closes.
   *
   * @param scope of the step that reads them; {@link #keepFresh} comes before its end
   */
  List<NDArray> embeddings(List<PromptTokens.Run> images, NDManager scope) {
    Map<ImageKey, NDArray> found = new HashMap<>();
    Map<ImageKey, PromptTokens.Run> missing = new LinkedHashMap<>();
    for (PromptTokens.Run image : images) {
      if (cache.get(image.key()) instanceof Embedding known) {
        hits++;
        found.put(image.key(), known.tensor());
      } else if (missing.putIfAbsent(image.key(), image) != null) {
        hits++;
      }
    }
    if (!missing.isEmpty()) {
      encode(List.copyOf(missing.values()), scope);
      found.putAll(fresh);
    }
    return images.stream().map(image -> found.get(image.key())).toList();
  }

  private void encode(List<PromptTokens.Run> images, NDManager scope) {
    List<ProcessedImage> pixels = images.stream().map(PromptTokens.Run::image).toList();
    NDList inputs = VisionInputs.of(pixels, network.config(), scope);
    NDArray all = network.compute(scope, "vision", inputs.toArray()).get(0);
    encoded += images.size();
    long at = 0;
    for (PromptTokens.Run image : images) {
      fresh.put(image.key(), network.move(scope, "rows_of", all, at, image.count()).get(0));
      at += image.count();
    }
  }

  /** Takes what the step's images became out of its scope, as far as there is room. */
  void keepFresh() {
    fresh.forEach(
        (key, tensor) -> {
          long bytes = tensor.getShape().size() * network.precision().bytes();
          long blocks = budget.blocksOfBytes(bytes);
          if (blocks <= budget.free()) {
            tensor.attach(network.manager());
            cache.put(key, new Embedding(tensor, budget, blocks));
          }
        });
    fresh.clear();
  }
}
