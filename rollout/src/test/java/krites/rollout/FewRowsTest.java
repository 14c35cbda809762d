package krites.rollout;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
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

/** A step of a wide network feeds idle rows beside one to four sequences; nobody may notice. */
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

  @Test
  void idleRowsAreFedWhereMatricesAreWideAndPacked() throws IOException {
    Qwen25VlConfig wide = wideModel();
    Qwen25VlConfig narrow = Qwen25VlConfig.load(GOLDEN_CONFIG.getParent());

    assertTrue(feedsIdleRows(wide, Kernels.PACKED));
    assertTrue(!feedsIdleRows(wide, Kernels.PLAIN));
    assertTrue(!feedsIdleRows(narrow, Kernels.PACKED));
  }

  private static boolean feedsIdleRows(Qwen25VlConfig config, Kernels kernels) {
    return RolloutScript.methods(config, kernels).stream()
        .anyMatch(text -> text.contains("torch.ge(torch.size(x, 0), 5)"));
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
