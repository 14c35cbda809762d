package krites.model.qwen25vl;

import java.io.IOException;
import java.nio.file.Path;
import krites.model.safetensors.DType;

/** All weights of a network as something that can be written, wherever they come from. */
public interface SavedWeights {
  /** Writes {@code model.safetensors} (or shards) of a model directory, in this element type. */
  void save(Path directory, DType dtype) throws IOException;
}
