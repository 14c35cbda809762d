package krites.learner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.Precision;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.torchscript.TorchRuntime;
import org.junit.jupiter.api.Test;

/** Groups packed as trees against each response alone behind its prompt. */
class PackedRowsTest {
  private static final Path MODEL =
      Path.of("..", "model", "src", "test", "resources", "golden", "models", "a");
  private static final int SEEDS = 6;

  private final Qwen25VlConfig config = Qwen25VlConfig.load(MODEL);

  /** How responses of a test are drawn: short vocabularies make them begin alike. */
  private enum Kind {
    ALIKE(2, 10),
    APART(900, 10),
    LONG(900, 60);

    final int vocabulary;
    final int tokens;

    Kind(int vocabulary, int tokens) {
      this.vocabulary = vocabulary;
      this.tokens = tokens;
    }
  }

  @Test
  void lossAndGradientsAreThoseOfEachResponseAlone() {
    TorchRuntime.prepareThread(1, false);
    for (Kind kind : Kind.values()) {
      for (long seed = 1; seed <= SEEDS; seed++) {
        List<PackedRows.Sequence> packed = sequences(kind, seed);
        List<PackedRows.Sequence> alone = alone(packed);
        boolean twice = seed % 2 == 0;
        int headTokens = seed % 3 == 0 ? 7 : 4096;
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
          List<float[]> expected = pass(alone, false, 4096, manager);
          List<float[]> found = pass(packed, twice, headTokens, manager);
          for (int i = 0; i < expected.size(); i++) {
            assertTrue(
                distance(expected.get(i), found.get(i)) < 3e-6,
                kind + ", seed " + seed + ", result " + i);
          }
        }
      }
    }
  }

  @Test
  void commonBeginningsAreFedOnce() {
    for (long seed = 1; seed <= 50; seed++) {
      for (PackedRows.Sequence sequence : sequences(Kind.ALIKE, seed)) {
        Set<List<Integer>> beginnings = new HashSet<>();
        for (int[] response : sequence.responses()) {
          for (int length = 1; length < response.length; length++) {
            beginnings.add(Arrays.stream(response, 0, length).boxed().toList());
          }
        }
        assertEquals(
            sequence.prompt().length + beginnings.size(), sequence.tokens(), "seed " + seed);
      }
    }
  }

  /** Long responses that differ leave most pairs of a row unseen, short ones do not. */
  @Test
  void attentionIsCutWhereThatLeavesPairsOut() {
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      List<PackedRows.Sequence> apart = sequences(Kind.LONG, 1);
      List<PackedRows.Sequence> single =
          List.of(
              new PackedRows.Sequence(new int[] {1, 2, 3}, List.of(), List.of(new int[] {4, 5})));
      assertTrue(queries(PackedRows.of(apart, config, manager)) > 2 * apart.size());
      assertEquals(1, queries(PackedRows.of(single, config, manager)));
    }
  }

  /** Parts of all blocks. */
  private static long queries(PackedRows rows) {
    long parts = 0;
    for (int at = 0; at + 1 < rows.parts().size(); at += 3) {
      parts += rows.parts().get(at).getShape().get(0);
    }
    return parts;
  }

  @Test
  void aResponseHasTokens() {
    assertThrows(
        IllegalArgumentException.class, () -> new ResponseTree(List.of(new int[] {1}, new int[0])));
  }

  /** Prompts and responses of all lengths, some of one token, which is not fed. */
  private static List<PackedRows.Sequence> sequences(Kind kind, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    List<PackedRows.Sequence> all = new ArrayList<>();
    for (int row = 0; row < 3; row++) {
      List<int[]> responses = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        int length = i == 3 ? 1 : random.nextInt(2, kind.tokens + 4 - row);
        responses.add(random.ints(length, 0, kind.vocabulary).toArray());
      }
      int[] prompt = random.ints(random.nextInt(1, 12), 0, 900).toArray();
      all.add(new PackedRows.Sequence(prompt, List.of(), responses));
    }
    return all;
  }

  private static List<PackedRows.Sequence> alone(List<PackedRows.Sequence> groups) {
    List<PackedRows.Sequence> all = new ArrayList<>();
    for (PackedRows.Sequence group : groups) {
      for (int[] response : group.responses()) {
        all.add(new PackedRows.Sequence(group.prompt(), List.of(), List.of(response)));
      }
    }
    return all;
  }

  /** Log-probabilities and entropies, then the gradient of each weight. */
  private List<float[]> pass(
      List<PackedRows.Sequence> sequences, boolean twice, int headTokens, NDManager manager) {
    TrainingCore.Choice choice = new TrainingCore.Choice(false, Precision.F32, twice);
    List<float[]> results = new ArrayList<>();
    PackedRows rows = PackedRows.of(sequences, config, manager);
    try (TrainingCore core =
        new TrainingCore(
            config, NetworkWeights.random(config, 3, manager), choice, headTokens, manager)) {
      core.logProbs(rows, 1.0, manager).forEach(numbers -> results.add(numbers.toFloatArray()));
      float[] weights = new float[rows.targets()];
      for (int i = 0; i < weights.length; i++) {
        weights[i] = (1f + i % 5) / weights.length;
      }
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
