package krites.learner;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.Precision;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.qwen25vl.WeightLayout;
import krites.model.torchscript.TorchRuntime;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Ways of computing the same step: chunks of the head, blocks run twice, bfloat16, a frozen tower;
 * on the golden step of every golden model.
 */
class TrainingPassTest {
  private static final int WHOLE = 1 << 20;

  private static final TrainingCore.Choice PLAIN = TrainingCore.Choice.PLAIN;
  private static final TrainingCore.Choice TWICE =
      new TrainingCore.Choice(false, Precision.F32, true);
  private static final TrainingCore.Choice BFLOAT =
      new TrainingCore.Choice(false, Precision.BF16, false);
  private static final TrainingCore.Choice BFLOAT_TWICE =
      new TrainingCore.Choice(false, Precision.BF16, true);

  private NDManager manager;

  /** What a step says, and the gradients by name, those that there are. */
  private record Step(TrainingCore.PolicyLoss loss, Map<String, float[]> gradients) {
    double norm() {
      return Math.sqrt(
          gradients.values().stream()
              .flatMapToDouble(g -> IntStream.range(0, g.length).mapToDouble(i -> g[i]))
              .map(x -> x * x)
              .sum());
    }
  }

  static Stream<Path> models() throws IOException {
    return GoldenStep.models();
  }

  @BeforeEach
  void start() {
    TorchRuntime.prepareThread(1, false);
    manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
  }

  @AfterEach
  void stop() {
    manager.close();
  }

  @ParameterizedTest
  @MethodSource("models")
  void blocksRunTwiceGiveTheSameBits(Path model) throws IOException {
    assertSame(step(model, PLAIN, WHOLE), step(model, TWICE, WHOLE));
    assertSame(step(model, BFLOAT, WHOLE), step(model, BFLOAT_TWICE, WHOLE));
  }

  @ParameterizedTest
  @MethodSource("models")
  void chunksOfTheHeadChangeNothingButTheOrderOfSums(Path model) throws IOException {
    Step whole = step(model, PLAIN, WHOLE);
    for (int chunk : new int[] {1, 7, 29}) {
      assertClose(whole, step(model, PLAIN, chunk), 2e-6, "chunks of " + chunk);
      assertClose(whole, step(model, TWICE, chunk), 2e-6, "twice, chunks of " + chunk);
    }
  }

  /**
   * Measured are 1.8 % of the norm in both models, and 4 % (a) and 8 % (b) in the length of the
   * difference: ratios of the old to a rounded policy pass the clip at other tokens.
   */
  @ParameterizedTest
  @MethodSource("models")
  void gradientsInBfloat16AreThoseOfFloat32WithinTheRounding(Path model) throws IOException {
    Step full = step(model, PLAIN, WHOLE);
    Step rounded = step(model, BFLOAT, WHOLE);
    double norm = rounded.norm() / full.norm() - 1;
    double difference = difference(full, rounded);
    assertEquals(0, norm, 0.03);
    assertTrue(difference > 1e-3 && difference < 0.12, "difference " + difference);
  }

  @ParameterizedTest
  @MethodSource("models")
  void aFrozenTowerHasNoGradientAndChangesNoOther(Path model) throws IOException {
    for (boolean twice : new boolean[] {false, true}) {
      Step whole = step(model, PLAIN, WHOLE);
      Step frozen = step(model, new TrainingCore.Choice(true, Precision.F32, twice), WHOLE);
      assertTrue(frozen.gradients().keySet().stream().noneMatch(WeightLayout::isVision));
      whole.gradients().keySet().removeIf(WeightLayout::isVision);
      assertSame(whole, frozen);
    }
  }

  @ParameterizedTest
  @MethodSource("models")
  void stepsInBfloat16MoveFloat32WeightsThatTheNetworkSees(Path model) throws IOException {
    GoldenStep golden = GoldenStep.of(model);
    TrainingCore.Choice choice = new TrainingCore.Choice(true, Precision.BF16, true);
    try (TrainingCore core = core(model, choice, WHOLE)) {
      PackedRows rows = PackedRows.of(golden.groups(), core.config(), manager);
      List<Double> losses = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        losses.add(core.policy(rows, golden.targets(), GoldenStep.OBJECTIVE).loss());
        // Far below a step of bfloat16: only float32 can add such steps up.
        assertTrue(core.update(2e-5, AdamWSettings.PUBLISHED).applied());
      }
      assertTrue(losses.get(3) < losses.get(0), losses + "");
      try (NetworkWeights seen = core.weights().in(Precision.BF16, manager)) {
        assertTrue(seen.sameValues(core.computing()));
      }
      long frozen = core.weights().layout().names().stream().filter(WeightLayout::isVision).count();
      long values = 0;
      for (int i = 0; i < core.weights().tensors().size(); i++) {
        boolean trained = i >= frozen;
        NDArray weight = core.weights().tensors().get(i);
        assertEquals(trained, weight.getDataType() == ai.djl.ndarray.types.DataType.FLOAT32);
        values += trained ? weight.getShape().size() : 0;
      }
      assertEquals(8 * values, core.optimizer().bytes(), "moments of trained weights alone");
    }
  }

  private Step step(Path model, TrainingCore.Choice choice, int headTokens) throws IOException {
    GoldenStep golden = GoldenStep.of(model);
    try (TrainingCore core = core(model, choice, headTokens)) {
      PackedRows rows = PackedRows.of(golden.groups(), core.config(), manager);
      TrainingCore.PolicyLoss loss = core.policy(rows, golden.targets(), GoldenStep.OBJECTIVE);
      // The second micro-batch is added to the first.
      core.policy(rows, golden.targets(), GoldenStep.OBJECTIVE);
      Map<String, float[]> gradients = new TreeMap<>();
      List<String> names = core.weights().layout().names();
      for (int i = 0; i < names.size(); i++) {
        if (!core.gradients().get(i).isEmpty()) {
          gradients.put(names.get(i), core.gradients().get(i).toFloatArray());
        }
      }
      return new Step(loss, gradients);
    }
  }

  private TrainingCore core(Path model, TrainingCore.Choice choice, int headTokens) {
    Qwen25VlConfig config = Qwen25VlConfig.load(model);
    NetworkWeights weights = NetworkWeights.load(model, config, choice::loaded, manager);
    return new TrainingCore(config, weights, choice, headTokens, manager);
  }

  private static void assertSame(Step expected, Step found) {
    assertArrayEquals(expected.loss().sums(), found.loss().sums());
    assertEquals(expected.gradients().keySet(), found.gradients().keySet());
    expected
        .gradients()
        .forEach((name, g) -> assertArrayEquals(g, found.gradients().get(name), name));
  }

  /** Each gradient within a share of its largest number. */
  private static void assertClose(Step expected, Step found, double share, String what) {
    assertArrayEquals(expected.loss().logProbs(), found.loss().logProbs(), 1e-5f);
    assertEquals(expected.gradients().keySet(), found.gradients().keySet());
    expected
        .gradients()
        .forEach(
            (name, g) -> {
              double largest =
                  IntStream.range(0, g.length).mapToDouble(i -> Math.abs(g[i])).max().orElseThrow();
              assertNotEquals(0, largest, name);
              assertArrayEquals(
                  g, found.gradients().get(name), (float) (share * largest), what + " " + name);
            });
  }

  /** Length of the difference of all gradients relative to theirs. */
  private static double difference(Step expected, Step found) {
    assertEquals(expected.gradients().keySet(), found.gradients().keySet());
    double sum = 0;
    for (Map.Entry<String, float[]> entry : expected.gradients().entrySet()) {
      float[] other = found.gradients().get(entry.getKey());
      for (int i = 0; i < other.length; i++) {
        sum += Math.pow((double) entry.getValue()[i] - other[i], 2);
      }
    }
    return Math.sqrt(sum) / expected.norm();
  }
}
