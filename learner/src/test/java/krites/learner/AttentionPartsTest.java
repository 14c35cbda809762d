package krites.learner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.torchscript.TorchRuntime;
import org.junit.jupiter.api.Test;

/** Attention in parts against attention over the whole rows. */
class AttentionPartsTest {
  private static final Path MODEL =
      Path.of("..", "model", "src", "test", "resources", "golden", "models", "a");

  private final Qwen25VlConfig config = Qwen25VlConfig.load(MODEL);

  @Test
  void lossAndGradientsAreThoseOfTheWholeRows() {
    TorchRuntime.prepareThread(1, false);
    for (long seed = 1; seed <= 6; seed++) {
      try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
        for (boolean twice : new boolean[] {false, true}) {
          PackedRows parts = PackedRows.of(sequences(seed), config, manager);
          assertEquals(5, parts.parts().size(), "seed " + seed + " is not worth parts");
          PackedRows whole =
              new PackedRows(parts.tensors(), new NDList(), parts.targets(), parts.tokens());
          List<float[]> expected = pass(whole, twice, manager);
          List<float[]> found = pass(parts, twice, manager);
          for (int i = 0; i < expected.size(); i++) {
            assertTrue(
                distance(expected.get(i), found.get(i)) < 2e-6,
                "seed " + seed + ", result " + i + ", twice " + twice);
          }
        }
      }
    }
  }

  @Test
  void whereTheWholeIsCheaperThereAreNoParts() {
    TorchRuntime.prepareThread(1, false);
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      List<PackedRows.Sequence> single =
          List.of(
              new PackedRows.Sequence(new int[] {1, 2, 3}, List.of(), List.of(new int[] {4, 5})));
      assertTrue(PackedRows.of(single, config, manager).parts().isEmpty());
      List<PackedRows.Sequence> oneToken =
          List.of(new PackedRows.Sequence(new int[] {1}, List.of(), List.of(new int[] {4})));
      assertTrue(PackedRows.of(oneToken, config, manager).parts().isEmpty());
    }
  }

  /** Prompts and responses of all lengths, some of one token, which is not fed. */
  private List<PackedRows.Sequence> sequences(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    List<PackedRows.Sequence> all = new ArrayList<>();
    for (int row = 0; row < 3; row++) {
      List<int[]> responses = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        responses.add(random.ints(i == 3 ? 1 : random.nextInt(2, 14 - row), 0, 900).toArray());
      }
      all.add(
          new PackedRows.Sequence(
              random.ints(random.nextInt(1, 12), 0, 900).toArray(), List.of(), responses));
    }
    return all;
  }

  /** Log-probabilities, then the gradient of each weight. */
  private List<float[]> pass(PackedRows rows, boolean twice, NDManager manager) {
    TrainingCore.Choice choice =
        new TrainingCore.Choice(false, krites.model.qwen25vl.Precision.F32, twice);
    List<float[]> results = new ArrayList<>();
    try (TrainingCore core =
        new TrainingCore(config, NetworkWeights.random(config, 3, manager), choice, manager)) {
      results.add(core.logProbs(rows, 1.0, manager).get(0).toFloatArray());
      float[] weights = new float[rows.targets()];
      Arrays.fill(weights, 1f / weights.length);
      core.supervised(rows, weights);
      for (NDArray gradient : core.gradients()) {
        if (!gradient.isEmpty()) {
          results.add(gradient.toFloatArray());
        }
      }
    }
    assertTrue(results.size() > 20);
    return results;
  }

  private static double distance(float[] expected, float[] found) {
    double length = norm(expected, new float[expected.length]);
    return norm(expected, found) / Math.max(length, 1e-12);
  }

  private static double norm(float[] a, float[] b) {
    return Math.sqrt(
        IntStream.range(0, a.length).mapToDouble(i -> Math.pow((double) a[i] - b[i], 2)).sum());
  }
}
