package krites.app;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import krites.model.safetensors.DType;
import krites.model.safetensors.OutgoingTensor;
import krites.model.safetensors.SafetensorsCheckpoint;
import krites.model.safetensors.SafetensorsWriter;

/** Variants of the shipped base for tests: in shards, with other names, types and files. */
final class SmallDirectories {
  static final Path SHIPPED = Path.of("..").resolve(ModelFolder.SHIPPED);

  /** Small enough for three shards of the base's 2.1 MB. */
  private static final long SHARD_BYTES = 800_000;

  private SmallDirectories() {}

  /** The shipped base in three shards, with a stated type. */
  static Path sharded(Path directory) throws IOException {
    return sharded(directory, tensor -> tensor);
  }

  /** The same with each tensor passed through a change. */
  static Path sharded(Path directory, UnaryOperator<OutgoingTensor> change) throws IOException {
    describe(directory);
    try (SafetensorsCheckpoint shipped = SafetensorsCheckpoint.open(SHIPPED)) {
      List<OutgoingTensor> tensors = new ArrayList<>();
      for (String name : shipped.names()) {
        tensors.add(change.apply(OutgoingTensor.copyOf(shipped, name)));
      }
      SafetensorsWriter.writeCheckpoint(directory, tensors, SafetensorsWriter.PYTORCH, SHARD_BYTES);
    }
    return directory;
  }

  /** Copies all but the weights, and states the type in config.json. */
  static void describe(Path directory) throws IOException {
    Files.createDirectories(directory);
    try (Stream<Path> files = Files.list(SHIPPED)) {
      for (Path file : files.filter(file -> file.toString().endsWith(".json")).toList()) {
        Files.copy(file, directory.resolve(file.getFileName()));
      }
    }
    replace(
        directory.resolve("config.json"),
        "\"model_type\"",
        "\"torch_dtype\" : \"bfloat16\",\n  \"model_type\"");
  }

  static void replace(Path file, String old, String fresh) throws IOException {
    String text = Files.readString(file);
    if (!text.contains(old)) {
      throw new IllegalStateException(file + " has no " + old);
    }
    Files.writeString(file, text.replace(old, fresh));
  }

  /** Zeros of another type in the place of one tensor. */
  static UnaryOperator<OutgoingTensor> retyped(String name, DType dtype) {
    return tensor -> tensor.name().equals(name) ? zeros(name, dtype, tensor.shape()) : tensor;
  }

  static UnaryOperator<OutgoingTensor> renamed(UnaryOperator<String> names) {
    return tensor ->
        new OutgoingTensor(
            names.apply(tensor.name()), tensor.dtype(), tensor.shape(), tensor.values());
  }

  static OutgoingTensor zeros(String name, DType dtype, long... shape) {
    int elements = 1;
    for (long size : shape) {
      elements *= (int) size;
    }
    byte[] bytes = new byte[elements * dtype.bytes()];
    return OutgoingTensor.raw(name, dtype, shape, () -> MemorySegment.ofArray(bytes));
  }
}
