package krites.model.qwen25vl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import krites.model.safetensors.DType;
import krites.model.safetensors.LoadProgress;
import krites.model.safetensors.SafetensorsCheckpoint;
import krites.model.torchscript.TorchRuntime;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class WeightReaderTest {
  private static final Path MODEL = Path.of("src/test/resources/golden/models/a");

  private static NDManager manager;
  private static Qwen25VlConfig config;

  @BeforeAll
  static void start() {
    TorchRuntime.prepareThread(1, false);
    manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
    config = Qwen25VlConfig.load(MODEL);
  }

  @AfterAll
  static void stop() {
    manager.close();
  }

  @Test
  void mappedAndCopiedWeightsAreTheSame() {
    for (Precision precision : Precision.values()) {
      try (NetworkWeights copied = NetworkWeights.load(MODEL, config, precision, manager);
          NetworkWeights mapped = NetworkWeights.map(MODEL, config, precision, manager)) {
        assertTrue(copied.sameValues(mapped), precision.toString());
      }
    }
  }

  @Test
  void loadedValuesAreThoseOfTheFile() {
    try (SafetensorsCheckpoint file = SafetensorsCheckpoint.open(MODEL);
        NetworkWeights loaded = NetworkWeights.load(MODEL, config, manager)) {
      for (int i = 0; i < loaded.layout().names().size(); i++) {
        String name = loaded.layout().names().get(i);
        assertArrayEquals(file.floats(name), loaded.tensors().get(i).toFloatArray(), name);
      }
    }
  }

  @Test
  void writingToAMappedWeightLeavesTheFileAndAliveAfterDeletion(@TempDir Path folder)
      throws IOException {
    Path file = folder.resolve("model.safetensors");
    try (NetworkWeights weights = NetworkWeights.load(MODEL, config, manager)) {
      weights.save(folder, DType.F32);
    }
    byte[] before = Files.readAllBytes(file);
    try (NetworkWeights mapped = NetworkWeights.map(folder, config, Precision.F32, manager)) {
      mapped.tensors().get(0).muli(2);
      assertEquals(-1, Arrays.mismatch(before, Files.readAllBytes(file)));
      Files.delete(file);
      try (NetworkWeights original = NetworkWeights.load(MODEL, config, manager)) {
        assertEquals(
            2 * original.tensors().get(0).sum().getFloat(),
            mapped.tensors().get(0).sum().getFloat(),
            1e-3f);
        assertEquals(
            original.tensors().get(1).sum().getFloat(), mapped.tensors().get(1).sum().getFloat());
      }
    }
  }

  @Test
  void theListenerHearsOfEveryByteOnce() {
    AtomicLong last = new AtomicLong();
    AtomicLong total = new AtomicLong();
    LoadProgress.during(
        (bytes, all) -> {
          last.accumulateAndGet(bytes, Math::max);
          total.set(all);
        },
        () -> {
          NetworkWeights.load(MODEL, config, manager).close();
          return true;
        });

    assertEquals(total.get(), last.get());
    assertEquals(4 * WeightLayout.of(config).parameters(), total.get());
  }

  @Test
  void aSaveLikeTheSourceIsTheSourceByteForByte(@TempDir Path folder) throws IOException {
    try (SafetensorsCheckpoint source = SafetensorsCheckpoint.open(MODEL);
        NetworkWeights weights = NetworkWeights.load(MODEL, config, manager)) {
      weights.saveLike(folder, source, Optional.empty(), LoadProgress.SILENT);
    }
    assertEquals(
        -1,
        Files.mismatch(MODEL.resolve("model.safetensors"), folder.resolve("model.safetensors")));
  }

  @Test
  void randomValuesAreNormalWithTheirDeviation(@TempDir Path folder) throws IOException {
    WeightLayout layout = WeightLayout.of(config);
    new RandomCheckpoint(layout, 7, DType.F32).write(folder, LoadProgress.SILENT);
    String name = "model.embed_tokens.weight";
    try (SafetensorsCheckpoint file = SafetensorsCheckpoint.open(folder)) {
      float[] values = file.floats(name);
      double deviation = Math.min(0.05, 1 / Math.sqrt(layout.shape(name)[1]));
      double sum = 0;
      double squares = 0;
      int beyondTwo = 0;
      for (float value : values) {
        sum += value;
        squares += (double) value * value;
        beyondTwo += Math.abs(value) > 2 * deviation ? 1 : 0;
      }
      double n = values.length;
      assertEquals(0, sum / n, 5 * deviation / Math.sqrt(n), "mean");
      assertEquals(1, Math.sqrt(squares / n) / deviation, 5 / Math.sqrt(2 * n), "deviation");
      assertEquals(0.0455, beyondTwo / n, 5 * Math.sqrt(0.0455 / n), "share beyond two deviations");
    }
  }
}
