package krites.learner;

import ai.djl.ndarray.NDList;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.SavedWeights;
import krites.model.safetensors.DType;
import krites.model.safetensors.OutgoingTensor;

/**
 * The weights of a learner whose members have the float32 values of their shards alone. In the type
 * that the network computes in they are here; float32 ones are gathered when they are asked for.
 */
final class ShardedWeights implements SavedWeights {
  private final TrainingCore core;
  private final Supplier<List<OutgoingTensor>> masters;

  /**
   * @param masters gathers those of all trained weights, in the order of the network
   */
  ShardedWeights(TrainingCore core, Supplier<List<OutgoingTensor>> masters) {
    this.core = core;
    this.masters = masters;
  }

  @Override
  public List<OutgoingTensor> outgoing(DType dtype) {
    NetworkWeights computing = core.computing();
    if (dtype != DType.F32) {
      return computing.outgoing(dtype);
    }
    int frozen = core.firstTrained();
    List<OutgoingTensor> all = new ArrayList<>();
    all.addAll(
        NetworkWeights.outgoing(
            computing.layout().names().subList(0, frozen),
            new NDList(computing.tensors().subList(0, frozen)),
            dtype));
    all.addAll(masters.get());
    return all;
  }
}
