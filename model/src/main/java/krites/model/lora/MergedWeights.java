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
import krites.model.safetensors.Conversion;
import krites.model.safetensors.DType;
import krites.model.safetensors.LoadProgress;
import krites.model.safetensors.OutgoingTensor;
import krites.model.safetensors.SafetensorsCheckpoint;
import krites.model.torchscript.RawTensors;
import krites.model.torchscript.ScriptModule;

/**
 * A base with adapters added into it, {@code W + scale * B * A} in float32 rounded to the type of
 * the file, as something to write: some rows at a time are merged when their turn comes, so that no
 * second set of weights ever exists, not even of one tensor.
 */
public final class MergedWeights implements SavedWeights {
  /** Product, scaling and sum are rounded one after the other; fused they would give other bits. */
  private static final String TEXT =
      """
      def merge(self, w: Tensor, a: Tensor, b: Tensor, scale: float, start: int, rows: int) -> Tensor:
        product = torch.matmul(torch.narrow(b, 0, start, rows), a)
        return torch.add_(torch.mul_(product, scale), torch.narrow(w, 0, start, rows))
      """
          .indent(2);

  /** Values of a block, about: a few megabytes for each writing thread. */
  private static final int BLOCK_VALUES = 1 << 20;

  /**
   * Blocks begin at multiples of this. A matrix product treats the last rows of its result in
   * another order of operations, so a block must end between its strips, or where the tensor does.
   */
  private static final int STRIP = 64;

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
  public List<OutgoingTensor> outgoing(DType dtype) {
    return base.layout().names().stream().map(name -> outgoing(name, name, dtype)).toList();
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
        .map(adapter -> merged(stored, dtype, weight, adapter))
        .orElseGet(
            () -> NetworkWeights.outgoing(List.of(stored), new NDList(weight), dtype).getFirst());
  }

  private OutgoingTensor merged(String stored, DType dtype, NDArray weight, int adapter) {
    long[] shape = weight.getShape().getShape(); // (out, in)
    long in = shape[1];
    return OutgoingTensor.filled(
        stored,
        dtype,
        shape,
        Math.toIntExact(blockRows(shape[0], in) * in),
        (from, target) -> {
          long rows = target.byteSize() / dtype.bytes() / in;
          try (NDManager here = NDManager.newBaseManager(Device.cpu(), "PyTorch");
              NDManager there = weight.getManager().newSubManager()) {
            NDArray block =
                Holder.MODULE
                    .call(
                        there,
                        "merge",
                        weight,
                        adapters.a(adapter),
                        adapters.b(adapter),
                        adapters.layout().settings().scale(),
                        from / in,
                        rows)
                    .get(0);
            Conversion.convert(
                RawTensors.memory(RawTensors.moved(block, here), rows * in * Float.BYTES),
                DType.F32,
                target,
                dtype);
          }
        });
  }

  /**
   * Rows of a block: whole strips, so many that what is left for the last block is none or a strip
   * at least; all of them where that cannot be.
   */
  static long blockRows(long out, long in) {
    for (long rows = Math.max(STRIP, BLOCK_VALUES / in / STRIP * STRIP);
        rows >= STRIP;
        rows -= STRIP) {
      long left = out % rows;
      if (rows < out && (left == 0 || left >= STRIP)) {
        return rows;
      }
    }
    return out;
  }
}
