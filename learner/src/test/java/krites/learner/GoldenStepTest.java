package krites.learner;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import krites.model.image.ImageDecoder;
import krites.model.image.ImageProcessor;
import krites.model.image.ProcessedImage;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.safetensors.SafetensorsFile;
import krites.model.torchscript.TorchRuntime;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Losses, gradients and optimizer steps against PyTorch and EasyR1; see the README of the golden
 * data.
 */
class GoldenStepTest {
  private static final Path GOLDEN = Path.of("..", "model", "src", "test", "resources", "golden");
  private static final Path MODEL = GOLDEN.resolve("models/a");

  private final Qwen25VlConfig config = Qwen25VlConfig.load(MODEL);
  private NDManager manager;
  private TrainingCore core;

  @BeforeEach
  void start() {
    TorchRuntime.prepareThread(1, false);
    manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
    NetworkWeights weights = NetworkWeights.load(MODEL, config, manager);
    core = new TrainingCore(config, weights, TrainingCore.Choice.PLAIN, manager);
  }

  @AfterEach
  void stop() {
    core.close();
    manager.close();
  }

  @Test
  void supervisedGradientsAndThreeStepsEqualTheReference() throws IOException {
    try (SafetensorsFile golden = tensors("one_image.safetensors");
        SafetensorsFile train = tensors("one_image.train.safetensors")) {
      PackedRows rows = maskedRow(golden);
      float[] mean = filled(rows.targets(), 1f / rows.targets());
      assertEquals(7.746974468231201, core.supervised(rows, mean), 1e-5);
      assertGradients(train);
      double[] losses = {6.654436111450195, 5.679518222808838, 4.853917598724365};
      AdamWSettings unclipped = new AdamWSettings(0.9, 0.999, 1e-8, 0.01, 0);
      for (double loss : losses) {
        assertTrue(core.update(1e-3, unclipped).applied());
        assertEquals(loss, core.supervised(rows, mean), 5e-4);
      }
    }
  }

  @Test
  void oneStepFromTheGoldenGradientEqualsTheReference() throws IOException {
    String name = "model.layers.0.self_attn.q_proj.weight";
    String untouched = "model.layers.1.self_attn.q_proj.weight";
    float[] before = weight(untouched);
    try (SafetensorsFile train = tensors("one_image.train.safetensors")) {
      core.setGradients(Map.of(name, train.floats("grad." + name)));
      core.update(1e-3, new AdamWSettings(0.9, 0.999, 1e-8, 0.01, 0));
      assertArrayEquals(train.floats("adamw_step1." + name), weight(name), 1e-6f);
      assertArrayEquals(before, weight(untouched), "no gradient, no weight decay");
    }
  }

  @Test
  void aGradientThatIsNotFiniteChangesNothing() {
    String name = "model.norm.weight";
    float[] before = weight(name);
    core.setGradients(Map.of(name, filled(before.length, Float.POSITIVE_INFINITY)));
    assertFalse(core.update(1e-3, AdamWSettings.PUBLISHED).applied());
    assertArrayEquals(before, weight(name));
  }

  @Test
  void aStepWithoutGradientsIsRefused() {
    assertThrows(IllegalStateException.class, () -> core.update(1e-3, AdamWSettings.PUBLISHED));
  }

  /** A row per prompt here, a row per response in the reference. */
  @Test
  void packedPolicyStepEqualsTheReference() throws IOException {
    try (SafetensorsFile golden = tensors("grpo_step.safetensors");
        SafetensorsFile train = tensors("grpo_step.train.safetensors")) {
      int[] places = GoldenStep.places(golden);
      PackedRows rows = PackedRows.of(GoldenStep.of(MODEL).groups(), config, manager);
      assertEquals(places.length, rows.targets());
      TrainingCore.PolicyLoss loss = policy(golden, rows, places);
      assertArrayEquals(GoldenStep.pick(golden, "log_probs", places), loss.logProbs(), 5e-5f);
      assertEquals(-0.06652338057756424, loss.loss(), 1e-5);
      assertEquals(-0.0670221745967865, loss.policy(), 1e-5);
      assertEquals(0.04987942427396774, loss.kl(), 1e-5);
      assertEquals(-0.0904739573597908, loss.policyKl(), 1e-5);
      assertEquals(0.0517241396009922, loss.clippedHigh(), 1e-6);
      assertEquals(0.06896551698446274, loss.clippedLow(), 1e-6);
      assertGradients(train);
      TrainingCore.Update update = core.update(1e-4, AdamWSettings.PUBLISHED);
      assertEquals(5.151957988739014, update.gradientNorm(), 5e-4);
      TrainingCore.PolicyLoss after = policy(golden, rows, places);
      assertArrayEquals(
          GoldenStep.pick(golden, "log_probs_after_step", places), after.logProbs(), 5e-4f);
      assertEquals(-0.1551676243543625, after.loss(), 5e-4);
    }
  }

  @Test
  void gradientsOfMicroBatchesAddUp() throws IOException {
    try (SafetensorsFile golden = tensors("grpo_step.safetensors");
        SafetensorsFile train = tensors("grpo_step.train.safetensors")) {
      int[] places = GoldenStep.places(golden);
      int from = 0;
      for (PackedRows.Sequence group : GoldenStep.of(MODEL).groups()) {
        PackedRows rows = PackedRows.of(List.of(group), config, manager);
        int[] own = Arrays.copyOfRange(places, from, from + rows.targets());
        from += rows.targets();
        policy(golden, rows, own, places.length);
      }
      assertGradients(train);
    }
  }

  private TrainingCore.PolicyLoss policy(SafetensorsFile golden, PackedRows rows, int[] places) {
    return policy(golden, rows, places, places.length);
  }

  private TrainingCore.PolicyLoss policy(
      SafetensorsFile golden, PackedRows rows, int[] places, int tokens) {
    float[] old = GoldenStep.pick(golden, "old_log_probs", places);
    PolicyTargets targets =
        new PolicyTargets(
            List.of(old.length),
            GoldenStep.pick(golden, "advantages", places),
            old,
            new float[old.length],
            old,
            GoldenStep.pick(golden, "ref_log_probs", places),
            filled(places.length, 1f / tokens));
    return core.policy(rows, targets, GoldenStep.OBJECTIVE);
  }

  private void assertGradients(SafetensorsFile train) {
    List<String> names = core.weights().layout().names();
    int compared = 0;
    for (String tensor : train.names()) {
      if (tensor.startsWith("grad.")) {
        float[] expected = train.floats(tensor);
        float largest = 0;
        for (float value : expected) {
          largest = Math.max(largest, Math.abs(value));
        }
        float[] ours =
            core.gradients().get(names.indexOf(tensor.substring("grad.".length()))).toFloatArray();
        assertArrayEquals(expected, ours, 1e-4f * largest, tensor);
        compared++;
      }
    }
    assertTrue(compared >= 8, "only " + compared + " gradients compared");
  }

  private float[] weight(String name) {
    return core.weights()
        .tensors()
        .get(core.weights().layout().names().indexOf(name))
        .toFloatArray();
  }

  /** The one row of the case, predicting what its mask lets through. */
  private PackedRows maskedRow(SafetensorsFile golden) throws IOException {
    long[] ids = golden.longs("input_ids");
    long[] mask = golden.longs("loss_mask");
    int[] select = IntStream.range(0, mask.length).filter(i -> mask[i] != 0).toArray();
    boolean[] real = new boolean[ids.length];
    Arrays.fill(real, true);
    return PackedRows.ofPadded(
        new PackedRows.Padded(
            1,
            ids.length,
            ids,
            real,
            golden.longs("position_ids"),
            Arrays.stream(select).asLongStream().toArray(),
            Arrays.stream(select).mapToLong(i -> ids[i + 1]).toArray()),
        List.of(image("a_one_image_0_131x90.png")),
        config,
        manager);
  }

  private static float[] filled(int length, float value) {
    float[] values = new float[length];
    Arrays.fill(values, value);
    return values;
  }

  private static SafetensorsFile tensors(String name) {
    return SafetensorsFile.open(GOLDEN.resolve("cases/a").resolve(name));
  }

  private static ProcessedImage image(String name) throws IOException {
    byte[] file = Files.readAllBytes(GOLDEN.resolve("images").resolve(name));
    return ImageProcessor.load(MODEL).process(ImageDecoder.decode(file, name));
  }
}
