package krites.rollout;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import krites.grpo.Sampling;
import krites.model.qwen25vl.Kernels;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.Precision;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.qwen25vl.RandomCheckpoint;
import krites.model.qwen25vl.WeightLayout;
import krites.model.torchscript.TorchRuntime;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A step of a wide network may feed idle rows beside one to four sequences; nobody may notice. */
class FewRowsTest {
  private static final Path GOLDEN_CONFIG =
      Path.of("..", "model", "src", "test", "resources", "golden", "models", "a", "config.json");
  private static final int PAD = 984;
  private static final int LENGTH = 12;

  @TempDir Path folder;

  @Test
  void aSequenceIsTheSameAloneWithFewAndWithMany() throws IOException {
    Qwen25VlConfig config = wideModel();
    TorchRuntime.prepareThread(1, false);
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        RolloutNetwork network =
            new RolloutNetwork(config, NetworkWeights.load(folder, config, manager), manager)) {
      DecodeBatch.Chunk many = decode(network, 7);

      for (int rows = 1; rows <= 6; rows++) {
        DecodeBatch.Chunk few = decode(network, rows);
        assertArrayEquals(
            Arrays.copyOf(many.tokens(), rows * LENGTH), few.tokens(), rows + " rows");
        assertArrayEquals(
            Arrays.copyOf(many.logProbs(), rows * LENGTH), few.logProbs(), 1e-4f, rows + " rows");
      }
      assertTrue(
          Arrays.stream(many.tokens()).distinct().count() > LENGTH, "the sequences are different");
    }
  }

  /** To the bit: what is chosen by time must not show. */
  @ParameterizedTest
  @EnumSource
  void idleRowsChangeNothing(Precision precision) throws IOException {
    Qwen25VlConfig config = wideModel();
    TorchRuntime.prepareThread(1, false);
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        RolloutNetwork network =
            new RolloutNetwork(
                config, NetworkWeights.load(folder, config, precision, manager), manager)) {
      for (int rows = 1; rows < FedRows.MOST; rows++) {
        network.feed(FedRows.asTheyAre());
        DecodeBatch.Chunk alone = decode(network, rows);
        network.feed(FedRows.by(fed -> 1000 / fed));
        assertEquals(FedRows.MOST, network.fed(rows));
        DecodeBatch.Chunk fed = decode(network, rows);
        assertArrayEquals(alone.tokens(), fed.tokens(), rows + " rows");
        assertArrayEquals(alone.logProbs(), fed.logProbs(), rows + " rows");
      }
    }
  }

  @Test
  void idleRowsAreFedWhereMoreAreReadClearlyFaster() {
    assertEquals(List.of(5, 5, 5, 5, 5, 6), fed(new long[] {0, 14, 16, 15, 14, 11}));
    assertEquals(List.of(1, 2, 3, 4, 5, 6), fed(new long[] {0, 10, 11, 12, 13, 14}));
    assertEquals(List.of(1, 3, 3, 4, 5, 6), fed(new long[] {0, 100, 140, 99, 99, 96}));
  }

  /** The least of each number counts: a neighbour who disturbs one turn decides nothing. */
  @Test
  void oneSlowTurnIsForgotten() {
    int[] turn = {0};
    FedRows rows =
        FedRows.by(count -> turn[0]++ < FedRows.MOST ? (long) 1000 / count : 10L * count);
    assertEquals(1, rows.of(1));
  }

  @Test
  void onlyWideMatricesThatArePackedAreTimed() throws IOException {
    Qwen25VlConfig wide = wideModel();
    TorchRuntime.prepareThread(1, false);
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      NetworkWeights weights = NetworkWeights.load(folder, wide, manager);
      try (RolloutNetwork plain =
          new RolloutNetwork(wide, weights.copy(manager), manager, Kernels.PLAIN)) {
        assertEquals(1, plain.fed(1));
      }
      try (RolloutNetwork packed = new RolloutNetwork(wide, weights, manager, Kernels.PACKED)) {
        for (int rows = 1; rows <= 7; rows++) {
          int fed = packed.fed(rows);
          assertTrue(fed >= rows && fed <= Math.max(rows, FedRows.MOST), rows + ": " + fed);
          assertEquals(fed, packed.fed(rows), "once and for all");
        }
      }
      Path narrow = GOLDEN_CONFIG.getParent();
      Qwen25VlConfig config = Qwen25VlConfig.load(narrow);
      try (RolloutNetwork network =
          new RolloutNetwork(config, NetworkWeights.load(narrow, config, manager), manager)) {
        assertEquals(1, network.fed(1));
      }
    }
  }

  private static List<Integer> fed(long[] times) {
    FedRows rows = FedRows.by(count -> times[count]);
    return IntStream.rangeClosed(1, 6).map(rows::of).boxed().toList();
  }

  /** Rows with prompts of their own, the first always the same. */
  private static DecodeBatch.Chunk decode(RolloutNetwork network, int rows) {
    int size = network.config().vocabulary();
    List<LockstepBatch.Input> inputs =
        IntStream.range(0, rows)
            .mapToObj(row -> new LockstepBatch.Input(prompt(row), List.of()))
            .toList();
    double[] uniforms = new SplittableRandom(5).doubles((long) rows * LENGTH).toArray();
    DecodeBatch.Vocabulary vocabulary =
        new DecodeBatch.Vocabulary(size, new int[0], new boolean[size], PAD);
    Sampling sampling = new Sampling(1, 1f, 1f, 0, 1f, LENGTH);
    try (LockstepBatch batch = LockstepBatch.read(network, vocabulary, inputs, sampling)) {
      return batch.decode(uniforms);
    }
  }

  private static int[] prompt(int row) {
    return new SplittableRandom(row).ints(5 + row, 1, PAD).toArray();
  }

  /** The golden shape, but eight times as wide, with random weights. */
  private Qwen25VlConfig wideModel() throws IOException {
    String text =
        Files.readString(GOLDEN_CONFIG)
            .replace("\"hidden_size\": 64", "\"hidden_size\": 512")
            .replace("\"out_hidden_size\": 64", "\"out_hidden_size\": 512")
            .replaceFirst("(?s)\"mrope_section\": \\[.*?]", "\"mrope_section\": [16, 24, 24]");
    Files.writeString(folder.resolve("config.json"), text);
    Qwen25VlConfig config = Qwen25VlConfig.load(folder);
    new RandomCheckpoint(WeightLayout.of(config), 1, Precision.F32.file())
        .write(folder, (_, _) -> {});
    return config;
  }
}
