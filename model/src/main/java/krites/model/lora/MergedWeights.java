package krites.model.lora;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.model.qwen25vl.CheckpointLike;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.SavedWeights;
import krites.model.safetensors.DType;
import krites.model.safetensors.LoadProgress;
import krites.model.safetensors.OutgoingTensor;
import krites.model.safetensors.SafetensorsCheckpoint;
import krites.model.safetensors.SafetensorsWriter;
import krites.model.torchscript.ScriptModule;

/**
 * A base with adapters added into it, {@code W + scale * B * A} in float32 cast to the type of the
 * file, as something to write: each tensor is merged when its turn comes, so that no second set of
 * weights ever exists.
 *
 * <p>The bits depend on the number of threads of the writing thread, as every matrix product's do.
 */
public final class MergedWeights implements SavedWeights {
  private static final String TEXT =
      """
      def merge(self, w: Tensor, a: Tensor, b: Tensor, scale: float) -> Tensor:
        return torch.detach(torch.add(torch.to(w, 6), torch.mul(torch.matmul(b, a), scale)))
      """
          .indent(2);

  /** Loaded once for the life of the process, without state. */
  private static final class Holder {
    static final ScriptModule MODULE =
        ScriptModule.load(NDManager.newBaseManager(Device.cpu(), "PyTorch"), List.of(TEXT));
  }

  private final NetworkWeights base;
  private final LoraAdapters adapters;
  private final Map<String, Integer> places = new HashMap<>();

  /** Refers to both, which must live while this is written. */
  public MergedWeights(NetworkWeights base, LoraAdapters adapters) {
    this.base = base;
    this.adapters = adapters;
    List<LoraLayout.Adapter> all = adapters.layout().adapters();
    for (int i = 0; i < all.size(); i++) {
      places.put(all.get(i).weight(), i);
    }
  }

  @Override
  public void save(Path directory, DType dtype, long maxShardBytes) throws IOException {
    List<OutgoingTensor> all =
        base.layout().names().stream().map(name -> outgoing(name, name, dtype)).toList();
    SafetensorsWriter.writeCheckpoint(directory, all, SafetensorsWriter.PYTORCH, maxShardBytes);
  }

  /**
   * Writes a model directory laid out as another, usually the base; see {@link
   * NetworkWeights#saveLike}.
   */
  public void saveLike(
      Path directory, SafetensorsCheckpoint like, Optional<DType> dtype, LoadProgress progress)
      throws IOException {
    CheckpointLike.write(directory, this::outgoing, like, base.layout(), dtype, progress);
  }

  private OutgoingTensor outgoing(String published, String stored, DType dtype) {
    NDArray weight = base.tensors().get(base.layout().names().indexOf(published));
    return Optional.ofNullable(places.get(published))
        .map(
            adapter ->
                OutgoingTensor.floats(
                    stored, dtype, weight.getShape().getShape(), () -> merged(weight, adapter)))
        .orElseGet(
            () -> NetworkWeights.outgoing(List.of(stored), new NDList(weight), dtype).getFirst());
  }

  private float[] merged(NDArray weight, int adapter) {
    try (NDManager scope = weight.getManager().newSubManager()) {
      return Holder.MODULE
          .call(
              scope,
              "merge",
              weight,
              adapters.a(adapter),
              adapters.b(adapter),
              adapters.layout().settings().scale())
          .get(0)
          .toFloatArray();
    }
  }
}
