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
 * AdamW's memory: first and second moments and the step count of each trained weight, in script
 * order; an empty tensor stands for a frozen one.
 *
 * <p>On disk: one safetensors file with {@code first.NAME}, {@code second.NAME} and {@code
 * step.NAME}.
 */
public final class OptimizerState {
  private final WeightLayout layout;
  private final int firstTrained;
  private final NDList first;
  private final NDList second;
  private final NDList steps;

  private OptimizerState(
      WeightLayout layout, int firstTrained, NDList first, NDList second, NDList steps) {
    this.layout = layout;
    this.firstTrained = firstTrained;
    this.first = first;
    this.second = second;
    this.steps = steps;
  }

  /** Nothing learnt yet; weights before the first trained one have no moments. */
  static OptimizerState fresh(NetworkWeights weights, int firstTrained, NDManager owner) {
    List<String> names = weights.layout().names();
    NDList first = new NDList();
    NDList second = new NDList();
    NDList steps = new NDList();
    for (int i = 0; i < names.size(); i++) {
      boolean trained = i >= firstTrained;
      Shape shape = trained ? new Shape(weights.layout().shape(names.get(i))) : new Shape(0);
      first.add(owner.zeros(shape));
      second.add(owner.zeros(shape));
      steps.add(owner.zeros(trained ? new Shape() : shape));
    }
    return new OptimizerState(weights.layout(), firstTrained, first, second, steps);
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

  private NDList trained(NDList tensors) {
    return new NDList(tensors.subList(firstTrained, tensors.size()));
  }

  /** Writes everything, float32, exactly. */
  public void save(Path file) throws IOException {
    List<OutgoingTensor> tensors = new ArrayList<>();
    tensors.addAll(NetworkWeights.outgoing(names("first."), trained(first), DType.F32));
    tensors.addAll(NetworkWeights.outgoing(names("second."), trained(second), DType.F32));
    tensors.addAll(NetworkWeights.outgoing(names("step."), trained(steps), DType.F32));
    SafetensorsWriter.write(file, tensors, SafetensorsWriter.PYTORCH);
  }

  /**
   * Reads what {@link #save} wrote into this state; what the file has of frozen weights is left
   * alone.
   *
   * @throws krites.model.safetensors.CheckpointException if a tensor is missing or of another size
   */
  public void load(Path file) {
    try (SafetensorsFile stored = SafetensorsFile.open(file)) {
      read(stored, "first.", trained(first));
      read(stored, "second.", trained(second));
      read(stored, "step.", trained(steps));
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
    return layout.names().stream().skip(firstTrained).map(prefix::concat).toList();
  }
}
