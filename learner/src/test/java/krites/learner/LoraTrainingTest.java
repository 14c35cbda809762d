package krites.learner;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import krites.model.lora.LoraLayout;
import krites.model.lora.LoraSettings;
import krites.model.lora.LoraTarget;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.Precision;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.safetensors.DType;
import krites.model.torchscript.TorchRuntime;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Adapters under training against the weights that they stand for. */
class LoraTrainingTest {
  private static final Path MODEL =
      Path.of("..", "model", "src", "test", "resources", "golden", "models", "a");
  private static final LoraSettings SETTINGS =
      new LoraSettings(4, 8, List.of(LoraTarget.values()), 3);

  private final Qwen25VlConfig config = Qwen25VlConfig.load(MODEL);
  private NDManager manager;
  private TrainingCore core;
  private PackedRows rows;
  private float[] mean;

  @TempDir Path folder;

  @BeforeEach
  void start() {
    TorchRuntime.prepareThread(1, false);
    manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
    core =
        new TrainingCore(
            config,
            NetworkWeights.load(MODEL, config, manager),
            TrainingCore.Choice.PLAIN.with(SETTINGS),
            manager);
    rows = rows(manager, config);
    mean = new float[rows.targets()];
    Arrays.fill(mean, 1f / mean.length);
  }

  @AfterEach
  void stop() {
    core.close();
    manager.close();
  }

  static PackedRows rows(NDManager manager, Qwen25VlConfig config) {
    Random random = new Random(5);
    List<PackedRows.Sequence> sequences =
        IntStream.range(0, 3)
            .mapToObj(
                i ->
                    new PackedRows.Sequence(
                        random.ints(6, 10, 400).toArray(),
                        List.of(),
                        List.of(
                            random.ints(7, 10, 400).toArray(), random.ints(5, 10, 400).toArray())))
            .toList();
    return PackedRows.of(sequences, config, manager);
  }

  @Test
  void freshAdaptersLeaveEveryBitOfTheReference() {
    assertArrayEquals(
        withoutAdapters(core.weights().copy(manager)),
        core.logProbs(rows, 1, manager).get(0).toFloatArray());
  }

  @Test
  void mergedWeightsSayWhatTheAdaptersSay() throws IOException {
    fillB();
    float[] adapted = core.logProbs(rows, 1, manager).get(0).toFloatArray();
    float[] base = withoutAdapters(core.weights().copy(manager));
    assertTrue(distance(adapted, base) > 0.05, "the adapters do something");
    assertArrayEquals(adapted, withoutAdapters(merged()), 2e-5f);
  }

  /** Log-probabilities of the targets under weights, which are closed. */
  private float[] withoutAdapters(NetworkWeights weights) {
    try (TrainingCore plain =
        new TrainingCore(config, weights, TrainingCore.Choice.PLAIN, manager)) {
      return plain.logProbs(rows, 1, manager).get(0).toFloatArray();
    }
  }

  /** dB = scale dW A^T and dA = scale B^T dW, with dW of the merged weights. */
  @Test
  void gradientsAreThoseOfTheMergedWeightsByTheChainRule() throws IOException {
    fillB();
    double loss = core.supervised(rows, mean);
    try (TrainingCore full =
        new TrainingCore(config, merged(), TrainingCore.Choice.PLAIN, manager)) {
      assertEquals(loss, full.supervised(rows, mean), 1e-5);
      List<LoraLayout.Adapter> adapters = core.adapters().orElseThrow().layout().adapters();
      int first = core.weights().layout().names().size();
      for (int i = 0; i < first; i++) {
        assertTrue(core.gradients().get(i).isEmpty(), "a frozen weight has no gradient");
      }
      for (int i = 0; i < adapters.size(); i++) {
        int place = full.weights().layout().names().indexOf(adapters.get(i).weight());
        NDArray weight = full.gradients().get(place).mul(SETTINGS.scale());
        NDArray a = core.adapters().orElseThrow().tensors().get(2 * i);
        NDArray b = core.adapters().orElseThrow().tensors().get(2 * i + 1);
        String name = adapters.get(i).weight();
        assertNear(b.transpose().matMul(weight), core.gradients().get(first + 2 * i), name + " A");
        assertNear(
            weight.matMul(a.transpose()), core.gradients().get(first + 2 * i + 1), name + " B");
      }
    }
  }

  @Test
  void blocksRunTwiceGiveTheSameBits() {
    core.supervised(rows, mean);
    TrainingCore.Choice twice = new TrainingCore.Choice(false, Precision.F32, true).with(SETTINGS);
    NetworkWeights base = NetworkWeights.load(MODEL, config, manager);
    try (TrainingCore other = new TrainingCore(config, base, twice, manager)) {
      other.supervised(rows, mean);
      int first = core.firstTrained();
      for (int i = first; i < core.gradients().size(); i++) {
        assertArrayEquals(
            core.gradients().get(i).toFloatArray(), other.gradients().get(i).toFloatArray());
      }
    }
  }

  /** Adapters and their gradients stay float32 beside a base that nobody keeps in float32. */
  @Test
  void aBaseInHalfTheBytesLearnsToo() {
    TrainingCore.Choice half = new TrainingCore.Choice(false, Precision.BF16, true).with(SETTINGS);
    NetworkWeights base = NetworkWeights.load(MODEL, config, half::loaded, manager);
    try (TrainingCore other = new TrainingCore(config, base, half, manager)) {
      assertSame(other.weights(), other.computing());
      double loss = other.supervised(rows, mean);
      assertEquals(core.supervised(rows, mean), loss, 0.05);
      for (int step = 0; step < 20; step++) {
        other.update(1e-2, new AdamWSettings(0.9, 0.999, 1e-8, 0, 1));
        other.supervised(rows, mean);
      }
      assertTrue(other.supervised(rows, mean) < 0.8 * loss);
    }
  }

  @Test
  void aStepMovesAdaptersAndNothingElse() {
    try (NetworkWeights before = core.weights().copy(manager)) {
      double loss = core.supervised(rows, mean);
      double now = loss;
      for (int step = 0; step < 30; step++) {
        core.update(1e-2, new AdamWSettings(0.9, 0.999, 1e-8, 0, 1));
        now = core.supervised(rows, mean);
      }
      assertTrue(now < 0.7 * loss, "loss " + loss + " became " + now);
      assertTrue(before.sameValues(core.weights()), "the base is frozen");
    }
  }

  private NetworkWeights merged() throws IOException {
    core.current().save(folder, DType.F32);
    return NetworkWeights.load(folder, config, manager);
  }

  private void fillB() {
    Random random = new Random(11);
    List<LoraLayout.Adapter> adapters = core.adapters().orElseThrow().layout().adapters();
    for (int i = 0; i < adapters.size(); i++) {
      NDArray b = core.adapters().orElseThrow().tensors().get(2 * i + 1);
      float[] values = new float[(int) b.getShape().size()];
      for (int j = 0; j < values.length; j++) {
        values[j] = (float) (0.05 * random.nextGaussian());
      }
      b.set(values);
    }
  }

  private static void assertNear(NDArray expected, NDArray found, String what) {
    float[] wanted = expected.toFloatArray();
    float largest = 0;
    for (float value : wanted) {
      largest = Math.max(largest, Math.abs(value));
    }
    assertTrue(largest > 0, what);
    assertArrayEquals(wanted, found.toFloatArray(), 1e-4f * largest, what);
  }

  private static double distance(float[] one, float[] other) {
    double largest = 0;
    for (int i = 0; i < one.length; i++) {
      largest = Math.max(largest, Math.abs(one[i] - other[i]));
    }
    return largest;
  }
}
