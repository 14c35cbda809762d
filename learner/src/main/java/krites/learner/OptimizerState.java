package krites.learner;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.WeightLayout;
import krites.model.safetensors.DType;
import krites.model.safetensors.OutgoingTensor;
import krites.model.safetensors.SafetensorsFile;
import krites.model.safetensors.SafetensorsWriter;

/**
 * AdamW's memory: first and second moments and the step count of each weight, in script order.
 *
 * <p>On disk: one safetensors file with {@code first.NAME}, {@code second.NAME} and {@code
 * step.NAME}.
 */
public final class OptimizerState {
  private final WeightLayout layout;
  private final NDList first;
  private final NDList second;
  private final NDList steps;

  private OptimizerState(WeightLayout layout, NDList first, NDList second, NDList steps) {
    this.layout = layout;
    this.first = first;
    this.second = second;
    this.steps = steps;
  }

  static OptimizerState fresh(NetworkWeights weights, NDManager owner) {
    NDList steps = new NDList();
    weights.layout().names().forEach(name -> steps.add(owner.zeros(new Shape())));
    return new OptimizerState(weights.layout(), weights.zeros(owner), weights.zeros(owner), steps);
  }

  NDList first() {
    return first;
  }

  NDList second() {
    return second;
  }

  NDList steps() {
    return steps;
  }

  /** Writes everything, float32, exactly. */
  public void save(Path file) throws IOException {
    List<OutgoingTensor> tensors = new ArrayList<>();
    tensors.addAll(NetworkWeights.outgoing(names("first."), first, DType.F32));
    tensors.addAll(NetworkWeights.outgoing(names("second."), second, DType.F32));
    tensors.addAll(NetworkWeights.outgoing(names("step."), steps, DType.F32));
    SafetensorsWriter.write(file, tensors, SafetensorsWriter.PYTORCH);
  }

  /**
   * Reads what {@link #save} wrote into this state.
   *
   * @throws krites.model.safetensors.CheckpointException if a tensor is missing or of another size
   */
  public void load(Path file) {
    try (SafetensorsFile stored = SafetensorsFile.open(file)) {
      read(stored, "first.", first);
      read(stored, "second.", second);
      read(stored, "step.", steps);
    }
  }

  private void read(SafetensorsFile stored, String prefix, NDList tensors) {
    List<String> names = names(prefix);
    for (int i = 0; i < names.size(); i++) {
      NDArray tensor = tensors.get(i);
      float[] values = stored.floats(names.get(i));
      if (values.length != tensor.getShape().size()) {
        throw new krites.model.safetensors.CheckpointException(
            stored.path()
                + ": tensor "
                + names.get(i)
                + ": expected "
                + tensor.getShape().size()
                + " values, found "
                + values.length);
      }
      tensor.set(values);
    }
  }

  private List<String> names(String prefix) {
    return layout.names().stream().map(prefix::concat).toList();
  }
}
