package krites.learner;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.torchscript.ScriptModule;
import krites.model.torchscript.TorchRuntime;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** 8-bit and offloaded moments against plain arrays and against the fused float32 step. */
class OptimizerTest {
  /** A tensor of each kind: whole blocks, a rest, several parts, small enough for float32. */
  private static final int[] SIZES = {4096, 5003, 20_011, 4095, 1};

  private static final int STEPS = 4;
  private static final AdamWSettings SETTINGS = new AdamWSettings(0.9, 0.95, 1e-8, 0.01, 1);
  private static final double RATE = 1e-2;

  private NDManager manager;
  private ScriptModule script;

  @BeforeEach
  void start() {
    TorchRuntime.prepareThread(2, false);
    manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
    Qwen25VlConfig config =
        Qwen25VlConfig.load(
            Path.of("..", "model", "src", "test", "resources", "golden", "models", "a"));
    script =
        ScriptModule.load(manager, LearnerScript.methods(config, Optional.empty(), Products.TORCH));
  }

  @AfterEach
  void stop() {
    script.close();
    manager.close();
  }

  /** Numbers of {@code create_dynamic_map} of bitsandbytes. */
  @Test
  void theCodeBooksAreThoseOfDynamicQuantization() {
    float[] signed = MomentCodes.signed();
    float[] unsigned = MomentCodes.unsigned();
    assertEquals(256, signed.length);
    assertEquals(256, unsigned.length);
    assertEquals(-0.9929687f, signed[0], 1e-6f);
    assertEquals(0, signed[127]);
    assertEquals(5.5e-7f, signed[128], 1e-12f);
    assertEquals(1, signed[255]);
    assertEquals(0, unsigned[0]);
    assertEquals(3.25e-7f, unsigned[1], 1e-12f);
    assertEquals(7.75e-7f, unsigned[2], 1e-12f);
    assertEquals(0.99648434f, unsigned[254], 1e-6f);
    assertEquals(1, unsigned[255]);
    for (float[] book : List.of(signed, unsigned)) {
      for (int i = 1; i < book.length; i++) {
        assertTrue(book[i] > book[i - 1], "codes " + i);
      }
    }
  }

  @Test
  void aRoundTripIsWithinTheGapOfTheCodeBook() {
    for (long seed = 0; seed < 20; seed++) {
      boolean signed = seed % 2 == 0;
      float[] values = moments(new Random(seed), 700, signed);
      float[] book = signed ? MomentCodes.signed() : MomentCodes.unsigned();
      float[] found = roundTrip(values, book);
      assertArrayEquals(
          BlockwiseTwin.of(values, book).values(book), found, "seed " + seed + ": the twin");
      for (int i = 0; i < values.length; i++) {
        float scale = BlockwiseTwin.scale(values, i / 256);
        float share = values[i] / scale;
        int above = Math.abs(Arrays.binarySearch(book, share) + 1);
        // Half the widest gap beside the value; below the first code everything is that code.
        double gap =
            above == 0
                ? book[0] - share
                : (above == book.length ? 0 : book[above] - book[above - 1]) / 2.0;
        assertEquals(values[i], found[i], scale * (gap + 1e-7), "seed " + seed + " at " + i);
      }
    }
  }

  private float[] roundTrip(float[] values, float[] book) {
    NDArray x = manager.create(values);
    NDArray scales = script.call(manager, "scales", x).get(0);
    NDArray middles = manager.create(MomentCodes.middles(book));
    NDArray codes = script.call(manager, "quantize", x, scales, middles).get(0);
    return script
        .call(manager, "dequantize", codes, scales, manager.create(book))
        .get(0)
        .toFloatArray();
  }

  @Test
  void eightBitStepsAreThoseOfThePlainTwin() {
    for (long seed = 0; seed < 3; seed++) {
      Run run = run(OptimizerKind.ADAMW_8BIT, false, 1 << 12, seed);
      for (int i = 0; i < SIZES.length; i++) {
        float[] twin = twin(seed, i, SIZES[i] >= MomentCodes.LEAST_VALUES);
        float[] found = run.weights.get(i).toFloatArray();
        int far = 0;
        for (int j = 0; j < twin.length; j++) {
          // A moment on the border of two codes may fall to either by its last bit.
          far += Math.abs(twin[j] - found[j]) > 1e-6 ? 1 : 0;
        }
        assertTrue(far <= twin.length / 500, "seed " + seed + ": " + far + " of " + twin.length);
      }
    }
  }

  @Test
  void partsAndPlaceChangeNoBit() {
    for (OptimizerKind kind : OptimizerKind.values()) {
      Run whole = run(kind, false, Optimizer.PART, 9);
      for (boolean offload : new boolean[] {false, true}) {
        for (int part : new int[] {256, 4096, Optimizer.PART}) {
          Run other = run(kind, offload, part, 9);
          for (int i = 0; i < SIZES.length; i++) {
            assertArrayEquals(
                whole.weights.get(i).toFloatArray(),
                other.weights.get(i).toFloatArray(),
                kind + ", offload " + offload + ", part " + part + ", tensor " + i);
          }
        }
      }
    }
  }

  @Test
  void momentsTakeTheBytesThatTheyPromise() {
    NDList tensors = new NDList(manager.zeros(new Shape(1024, 1024)));
    assertEquals(8.0, bytesPerParameter(OptimizerKind.ADAMW, tensors));
    assertEquals(2 + 8.0 / 256, bytesPerParameter(OptimizerKind.ADAMW_8BIT, tensors));
  }

  private double bytesPerParameter(OptimizerKind kind, NDList tensors) {
    try (OptimizerState state =
        OptimizerState.fresh(parts(tensors), new OptimizerSettings(kind, false), manager)) {
      return state.bytes() / (double) tensors.get(0).getShape().size();
    }
  }

  /** Thirty supervised steps of the shipped base. */
  @Test
  void eightBitTrainingFollowsFloat32() {
    Path model = Path.of("..", "models", "shapes-base");
    float[] before = parameters(trained(model, OptimizerKind.ADAMW, 0));
    Trained full = trained(model, OptimizerKind.ADAMW, 30);
    Trained small = trained(model, OptimizerKind.ADAMW_8BIT, 30);
    double apart = distance(parameters(full), parameters(small));
    double way = distance(parameters(full), before);
    assertTrue(full.losses[29] < 0.8 * full.losses[0], Arrays.toString(full.losses));
    for (int step = 0; step < 30; step++) {
      assertEquals(full.losses[step], small.losses[step], 0.02 * full.losses[0], "step " + step);
    }
    assertTrue(apart < 0.3 * way, apart + " apart after a way of " + way);
  }

  private record Trained(TrainingCore core, double[] losses) {}

  private Trained trained(Path model, OptimizerKind kind, int steps) {
    Qwen25VlConfig config = Qwen25VlConfig.load(model);
    TrainingCore core =
        new TrainingCore(
            config,
            NetworkWeights.load(model, config, manager),
            TrainingCore.Choice.PLAIN.with(new OptimizerSettings(kind, false)),
            manager);
    PackedRows rows = LoraTrainingTest.rows(manager, config);
    float[] mean = new float[rows.targets()];
    Arrays.fill(mean, 1f / mean.length);
    double[] losses = new double[steps];
    for (int step = 0; step < steps; step++) {
      losses[step] = core.supervised(rows, mean);
      core.update(1e-4, AdamWSettings.PUBLISHED);
    }
    return new Trained(core, losses);
  }

  private static float[] parameters(Trained trained) {
    NDList tensors = trained.core.weights().tensors();
    float[][] all = tensors.stream().map(NDArray::toFloatArray).toArray(float[][]::new);
    float[] flat = new float[Arrays.stream(all).mapToInt(one -> one.length).sum()];
    int at = 0;
    for (float[] one : all) {
      System.arraycopy(one, 0, flat, at, one.length);
      at += one.length;
    }
    return flat;
  }

  private static double distance(float[] one, float[] other) {
    double sum = 0;
    for (int i = 0; i < one.length; i++) {
      sum += Math.pow(one[i] - other[i], 2);
    }
    return Math.sqrt(sum);
  }

  /** All of some tensors, by their places. */
  private static List<OptimizerState.Part> parts(NDList tensors) {
    return IntStream.range(0, tensors.size())
        .mapToObj(i -> OptimizerState.Part.whole("w" + i, tensors.get(i).getShape()))
        .toList();
  }

  private record Run(NDList weights, OptimizerState state) {}

  /** Some steps on tensors of all sizes with gradients of a seed. */
  private Run run(OptimizerKind kind, boolean offload, int part, long seed) {
    NDList weights = new NDList();
    for (int i = 0; i < SIZES.length; i++) {
      weights.add(manager.create(values(seed, i, 0)).duplicate());
    }
    OptimizerState state =
        OptimizerState.fresh(parts(weights), new OptimizerSettings(kind, offload), manager);
    Optimizer optimizer = new Optimizer(script, state, manager, part);
    List<Integer> places = IntStream.range(0, SIZES.length).boxed().toList();
    for (int step = 1; step <= STEPS; step++) {
      NDList gradients = new NDList();
      for (int i = 0; i < SIZES.length; i++) {
        gradients.add(manager.create(values(seed, i, step)));
      }
      assertTrue(optimizer.step(places, weights, gradients, RATE, SETTINGS).applied());
    }
    return new Run(weights, state);
  }

  /** The same steps in plain arrays, doubles between the moments. */
  private static float[] twin(long seed, int tensor, boolean quantized) {
    float[] weights = values(seed, tensor, 0);
    float[] first = new float[weights.length];
    float[] second = new float[weights.length];
    for (int step = 1; step <= STEPS; step++) {
      float[] gradient = clipped(seed, tensor, step);
      double rate = RATE / (1 - Math.pow(SETTINGS.beta1(), step));
      double root = Math.sqrt(1 - Math.pow(SETTINGS.beta2(), step));
      for (int i = 0; i < weights.length; i++) {
        first[i] = (float) (0.9 * first[i] + 0.1 * gradient[i]);
        second[i] = (float) (0.95 * second[i] + 0.05 * gradient[i] * gradient[i]);
        double decayed = weights[i] * (1 - RATE * SETTINGS.weightDecay());
        double size = Math.sqrt(second[i]) / root + SETTINGS.epsilon();
        weights[i] = (float) (decayed - rate * first[i] / size);
      }
      if (quantized) {
        first = BlockwiseTwin.of(first, MomentCodes.signed()).values(MomentCodes.signed());
        second = BlockwiseTwin.of(second, MomentCodes.unsigned()).values(MomentCodes.unsigned());
      }
    }
    return weights;
  }

  private static float[] clipped(long seed, int tensor, int step) {
    double squares = 0;
    for (int i = 0; i < SIZES.length; i++) {
      for (float value : values(seed, i, step)) {
        squares += (double) value * value;
      }
    }
    float factor = (float) Math.min(1, SETTINGS.maxNorm() / (Math.sqrt(squares) + 1e-6));
    float[] values = values(seed, tensor, step);
    for (int i = 0; i < values.length; i++) {
      values[i] *= factor;
    }
    return values;
  }

  /** Weights (step 0) and gradients, whose sizes differ by three decades within a block. */
  private static float[] values(long seed, int tensor, int step) {
    return moments(new Random(seed * 1000 + tensor * 100L + step), SIZES[tensor], true);
  }

  private static float[] moments(Random random, int count, boolean signed) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      double value = random.nextGaussian() * Math.pow(10, -3 * random.nextDouble());
      values[i] = (float) (signed ? value : value * value);
    }
    return values;
  }
}
