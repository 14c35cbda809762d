package krites.app.conformance;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import krites.model.image.ImageProcessor;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.safetensors.DType;
import krites.model.safetensors.OutgoingTensor;
import krites.model.safetensors.SafetensorsCheckpoint;
import krites.model.safetensors.SafetensorsWriter;

/**
 * The golden models: each loads, its weights come back from a saved copy with the same values, and
 * a tensor-by-tensor copy keeps names, types, shapes and bytes.
 */
public final class ModelsCheck implements ConformanceCheck {
  /** Small, so that the copy is in several shards. */
  private static final long SHARD_BYTES = 400_000;

  @Override
  public String name() {
    return "models";
  }

  @Override
  public boolean appliesTo(Path directory) {
    return Files.isDirectory(directory.resolve(name()));
  }

  @Override
  public void run(Path directory, Consumer<CaseResult> results) throws IOException {
    List<Path> models;
    try (Stream<Path> entries = Files.list(directory.resolve(name()))) {
      models = entries.filter(Files::isDirectory).sorted().toList();
    }
    for (Path model : models) {
      Path copies = Files.createTempDirectory("krites-models");
      try {
        check(model, copies, results);
      } catch (IOException | RuntimeException trouble) {
        results.accept(
            CaseResult.failed(
                name(),
                model.getFileName().toString(),
                "run",
                String.valueOf(trouble.getMessage())));
      } finally {
        delete(copies);
      }
    }
  }

  private void check(Path model, Path copies, Consumer<CaseResult> results) throws IOException {
    String label = model.getFileName().toString();
    Qwen25VlConfig config = Qwen25VlConfig.load(model);
    ImageProcessor.load(model);
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        NetworkWeights weights = NetworkWeights.load(model, config, manager)) {
      Path values = Files.createDirectory(copies.resolve("values"));
      weights.save(values, DType.F32);
      try (NetworkWeights again = NetworkWeights.load(values, config, manager)) {
        results.accept(
            CaseResult.of(name(), label, "saved values", weights.sameValues(again) ? 0 : 1, 0));
      }
    }
    try (SafetensorsCheckpoint source = SafetensorsCheckpoint.open(model)) {
      Path exact = Files.createDirectory(copies.resolve("exact"));
      List<OutgoingTensor> tensors =
          source.names().stream()
              .sorted()
              .map(tensor -> OutgoingTensor.copyOf(source, tensor))
              .toList();
      SafetensorsWriter.writeCheckpoint(exact, tensors, SafetensorsWriter.PYTORCH, SHARD_BYTES);
      try (SafetensorsCheckpoint copy = SafetensorsCheckpoint.open(exact)) {
        results.accept(CaseResult.of(name(), label, "copied tensors", different(source, copy), 0));
      }
    }
  }

  /** How many tensors are missing, or differ in type, shape or bytes. */
  private static long different(SafetensorsCheckpoint source, SafetensorsCheckpoint copy) {
    long missing = copy.names().stream().filter(tensor -> source.find(tensor).isEmpty()).count();
    return missing + source.names().stream().filter(tensor -> !same(source, copy, tensor)).count();
  }

  private static boolean same(
      SafetensorsCheckpoint source, SafetensorsCheckpoint copy, String tensor) {
    return copy.find(tensor)
        .map(
            entry ->
                entry.dtype() == source.entry(tensor).dtype()
                    && Arrays.equals(entry.shape(), source.entry(tensor).shape())
                    && source.bytes(tensor).mismatch(copy.bytes(tensor)) == -1)
        .orElse(false);
  }

  private static void delete(Path folder) {
    try (Stream<Path> entries = Files.walk(folder)) {
      for (Path entry : entries.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(entry);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot delete the temporary folder " + folder, e);
    }
  }
}
