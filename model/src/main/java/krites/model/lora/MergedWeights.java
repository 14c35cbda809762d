package krites.model.lora;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.SavedWeights;
import krites.model.safetensors.DType;
import krites.model.safetensors.OutgoingTensor;
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

  /** Refers to both, which must live while this is written. */
  public MergedWeights(NetworkWeights base, LoraAdapters adapters) {
    this.base = base;
    this.adapters = adapters;
  }

  @Override
  public void save(Path directory, DType dtype) throws IOException {
    SafetensorsWriter.writeCheckpoint(
        directory, outgoing(dtype), SafetensorsWriter.PYTORCH, NetworkWeights.SHARD_BYTES);
  }

  /** All weights, in script order. */
  private List<OutgoingTensor> outgoing(DType dtype) {
    List<String> names = base.layout().names();
    Map<String, Integer> places = new HashMap<>();
    List<LoraLayout.Adapter> all = adapters.layout().adapters();
    for (int i = 0; i < all.size(); i++) {
      places.put(all.get(i).weight(), i);
    }
    List<OutgoingTensor> plain = NetworkWeights.outgoing(names, base.tensors(), dtype);
    List<OutgoingTensor> merged = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      Optional<Integer> adapter = Optional.ofNullable(places.get(names.get(i)));
      NDArray weight = base.tensors().get(i);
      merged.add(
          adapter.isEmpty()
              ? plain.get(i)
              : OutgoingTensor.floats(
                  names.get(i),
                  dtype,
                  weight.getShape().getShape(),
                  () -> merged(weight, adapter.get())));
    }
    return merged;
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
