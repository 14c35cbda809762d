package krites.model.plain;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import java.util.HashMap;
import java.util.Map;
import krites.model.qwen25vl.NetworkWeights;

/** Weights by their published names; not their owner. */
final class PlainWeights {
  private final Map<String, NDArray> byName = new HashMap<>();

  /**
   * @throws IllegalArgumentException if they are not float32, the one type that DJL computes all
   *     operators in
   */
  PlainWeights(NetworkWeights weights) {
    for (int i = 0; i < weights.layout().names().size(); i++) {
      NDArray tensor = weights.tensors().get(i);
      String name = weights.layout().names().get(i);
      if (tensor.getDataType() != DataType.FLOAT32) {
        throw new IllegalArgumentException(name + " is not float32");
      }
      byName.put(name, tensor);
    }
  }

  NDArray get(String name) {
    NDArray tensor = byName.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException("the network has no weight " + name);
    }
    return tensor;
  }

  /** A linear layer with a bias, if the network has one of that name. */
  NDArray linear(String layer, NDArray x) {
    NDArray bias = byName.get(layer + ".bias");
    NDArray weight = get(layer + ".weight");
    return bias == null ? PlainLayers.linear(x, weight) : PlainLayers.linear(x, weight, bias);
  }
}
