package krites.model.qwen25vl;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import krites.model.safetensors.DType;
import krites.model.safetensors.OutgoingTensor;
import krites.model.safetensors.SafetensorsWriter;

/** All weights of a network as something that can be written, wherever they come from. */
@FunctionalInterface
public interface SavedWeights {
  /** As Hugging Face writes by default: 5 GB a shard. */
  long SHARD_BYTES = 5_000_000_000L;

  /**
   * Names and values for a writer, in the order of the network; the values are made while they are
   * written, so the weights must stay as they are until then.
   */
  List<OutgoingTensor> outgoing(DType dtype);

  /** Writes {@code model.safetensors} (or shards) of a model directory, in this element type. */
  default void save(Path directory, DType dtype) throws IOException {
    save(directory, dtype, SHARD_BYTES);
  }

  /**
   * As above.
   *
   * @param maxShardBytes data of one file, if one tensor does not have more; {@code Long.MAX_VALUE}
   *     for one file whatever the size
   */
  default void save(Path directory, DType dtype, long maxShardBytes) throws IOException {
    SafetensorsWriter.writeCheckpoint(
        directory, outgoing(dtype), SafetensorsWriter.PYTORCH, maxShardBytes);
  }
}
