package krites.model.qwen25vl;

import java.io.IOException;
import java.nio.file.Path;
import krites.model.safetensors.DType;

/** All weights of a network as something that can be written, wherever they come from. */
public interface SavedWeights {
  /** As Hugging Face writes by default: 5 GB a shard. */
  long SHARD_BYTES = 5_000_000_000L;

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
  void save(Path directory, DType dtype, long maxShardBytes) throws IOException;
}
