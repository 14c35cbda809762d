package krites.model.qwen25vl;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Optional;
import krites.model.safetensors.Conversion;
import krites.model.safetensors.DType;
import krites.model.safetensors.LoadProgress;
import krites.model.safetensors.OutgoingTensor;
import krites.model.safetensors.SafetensorsCheckpoint;
import krites.model.safetensors.SafetensorsWriter;
import krites.model.safetensors.TensorEntry;

/**
 * Writes weights laid out as another checkpoint of the same network: its files, names, order and
 * types. Weights that nobody changed give the same bytes.
 */
public final class CheckpointLike {
  private static final String EMBEDDING = "model.embed_tokens.weight";
  private static final String HEAD = "lm_head.weight";

  private CheckpointLike() {}

  /** Where the values of the weights come from. */
  public interface Source {
    /**
     * A weight for a writer.
     *
     * @param published its published name
     * @param stored the name that it gets in the file
     */
    OutgoingTensor outgoing(String published, String stored, DType dtype);
  }

  /** The weights of an open checkpoint, read piece by piece while they are written. */
  static Source from(SafetensorsCheckpoint checkpoint) {
    return (published, stored, dtype) -> {
      TensorEntry entry =
          StoredNames.find(checkpoint, published)
              .orElseGet(() -> checkpoint.entry(published)); // which says that it is missing
      DType held = entry.dtype();
      return OutgoingTensor.filled(
          stored,
          dtype,
          entry.shape(),
          (from, target) -> {
            if (held == dtype) {
              checkpoint.read(entry, from * held.bytes(), target);
              return;
            }
            long count = target.byteSize() / dtype.bytes();
            try (Arena arena = Arena.ofConfined()) {
              MemorySegment bytes = arena.allocate(count * held.bytes());
              checkpoint.read(entry, from * held.bytes(), bytes);
              Conversion.convert(bytes, held, target, dtype);
            }
          });
    };
  }

  /**
   * Writes the weights of one checkpoint in the layout of another.
   *
   * @param directory exists and is empty
   * @param dtype of all weights; empty for the types of {@code like}
   */
  public static void write(
      Path directory,
      SafetensorsCheckpoint weights,
      SafetensorsCheckpoint like,
      WeightLayout layout,
      Optional<DType> dtype,
      LoadProgress progress)
      throws IOException {
    write(directory, from(weights), like, layout, dtype, progress);
  }

  /** As above, the values from anywhere. */
  public static void write(
      Path directory,
      Source weights,
      SafetensorsCheckpoint like,
      WeightLayout layout,
      Optional<DType> dtype,
      LoadProgress progress)
      throws IOException {
    SafetensorsWriter.writeLike(
        directory,
        like,
        entry -> {
          String published = StoredNames.published(entry.name());
          DType type = dtype.orElse(entry.dtype());
          if (layout.has(published)) {
            return weights.outgoing(published, entry.name(), type);
          }
          // A head that is the embedding, stored a second time: the old one must not come back.
          return published.equals(HEAD)
              ? weights.outgoing(EMBEDDING, entry.name(), type)
              : OutgoingTensor.copyOf(like, entry.name());
        },
        progress);
  }
}
