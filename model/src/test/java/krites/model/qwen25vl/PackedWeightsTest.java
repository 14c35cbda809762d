package krites.model.qwen25vl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import krites.model.image.ImageProcessor;
import krites.model.image.ProcessedImage;
import krites.model.image.RgbImage;
import krites.model.torchscript.RawTensors;
import krites.model.torchscript.ScriptModule;
import krites.model.torchscript.TorchRuntime;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The packed network against the plain one. */
class PackedWeightsTest {
  private static final Path MODEL = Path.of("src/test/resources/golden/models/a");

  /** Odd ones, those at the edges of oneDNN's blocks, and many. */
  private static final int[] ROWS = {1, 2, 7, 8, 15, 16, 17, 31, 33, 64, 65, 130, 300};

  private static final int TOKENS = 3;

  private final Qwen25VlConfig config = Qwen25VlConfig.load(MODEL);
  @TempDir private Path folder;
  private NDManager manager;

  /** What this processor can pack; the wide form every one can. */
  static Stream<Arguments> packs() {
    Stream.Builder<Arguments> all = Stream.builder();
    all.add(Arguments.of(Precision.F32, Kernels.PACKED));
    if (Kernels.fastest(Device.cpu(), Precision.BF16) == Kernels.PACKED) {
      all.add(Arguments.of(Precision.BF16, Kernels.PACKED));
    }
    all.add(Arguments.of(Precision.BF16, Kernels.PACKED_WIDE));
    return all.build();
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

  /**
   * The sides of this model do not fill oneDNN's blocks, so that a product which takes packed
   * numbers for padding shows.
   */
  @ParameterizedTest
  @MethodSource("packs")
  void logitsAreThoseOfThePlainNetworkAtAnyNumberOfRows(Precision precision, Kernels kernels) {
    double share = precision == Precision.F32 ? 2e-6 : 2e-2;
    for (boolean tied : new boolean[] {true, false}) {
      Qwen25VlConfig one = tied ? config : untied();
      NetworkWeights weights = NetworkWeights.random(one, 5, manager).in(precision, manager);
      try (ScriptModule plainScript = ScriptModule.load(manager, NetworkScript.methods(one));
          ScriptModule packedScript =
              ScriptModule.load(manager, NetworkScript.methods(one, kernels));
          PackedWeights packed = PackedWeights.of(weights, one, packedScript, manager)) {
        for (int rows : ROWS) {
          float[] expected = logits(plainScript, weights.tensors(), one, rows);
          float[] found = logits(packedScript, packed.tensors(), one, rows);
          double difference = distance(expected, found);
          assertTrue(
              difference <= share, rows + " rows, tied " + tied + ": differs by " + difference);
        }
      }
    }
  }

  /** A group's responses must not depend on who shares the batch. */
  @ParameterizedTest
  @MethodSource("packs")
  void theBitsOfARowDoNotDependOnTheOthers(Precision precision, Kernels kernels) {
    NetworkWeights weights = NetworkWeights.random(config, 6, manager).in(precision, manager);
    try (ScriptModule script = ScriptModule.load(manager, NetworkScript.methods(config, kernels));
        PackedWeights packed = PackedWeights.of(weights, config, script, manager)) {
      float[] all = logits(script, packed.tensors(), config, 300);
      for (int rows : ROWS) {
        float[] some = logits(script, packed.tensors(), config, rows);
        assertArrayEquals(Arrays.copyOf(all, some.length), some, rows + " rows");
      }
    }
  }

  /**
   * Sixteen patches of 1,176 numbers alone, and among 160: many enough for another order of sums.
   */
  @ParameterizedTest
  @MethodSource("packs")
  void whatAnImageBecomesDoesNotDependOnTheOthers(Precision precision, Kernels kernels) {
    Path shipped = Path.of("..", "models", "shapes-base");
    Qwen25VlConfig own = Qwen25VlConfig.load(shipped);
    NetworkWeights weights = NetworkWeights.load(shipped, own, precision, manager);
    try (ScriptModule script = ScriptModule.load(manager, NetworkScript.methods(own, kernels));
        PackedWeights packed = PackedWeights.of(weights, own, script, manager)) {
      ProcessedImage image = ImageProcessor.load(shipped).process(noise());
      float[] alone = seen(script, packed, own, 1, image);
      float[] among = seen(script, packed, own, 10, image);
      assertEquals(10 * alone.length, among.length);
      boolean lookedAt = Kernels.fastest(Device.cpu(), Precision.BF16) == Kernels.PACKED_WIDE;
      float rounding = precision == Precision.F32 ? 1e-4f : 0.05f;
      assertArrayEquals(alone, Arrays.copyOf(among, alone.length), lookedAt ? 0 : rounding);
    }
  }

  private float[] seen(
      ScriptModule script,
      PackedWeights packed,
      Qwen25VlConfig own,
      int times,
      ProcessedImage one) {
    List<Object> vision =
        new ArrayList<>(VisionInputs.of(Collections.nCopies(times, one), own, manager));
    vision.add(packed.tensors());
    NDArray embeddings = script.call(manager, "vision", vision.toArray()).get(0);
    return RawTensors.cast(embeddings, RawTensors.FLOAT32, manager).toFloatArray();
  }

  private static RgbImage noise() {
    SplittableRandom random = new SplittableRandom(3);
    byte[] bytes = new byte[3 * 56 * 56];
    random.nextBytes(bytes);
    return new RgbImage(56, 56, bytes);
  }

  @Test
  void nothingIsHeldTwice() {
    NetworkWeights weights = NetworkWeights.random(config, 7, manager);
    List<NDArray> matrices =
        weights.tensors().stream().filter(tensor -> tensor.getShape().dimension() > 1).toList();
    long values = matrices.stream().mapToLong(tensor -> tensor.getShape().size()).sum();
    NDArray table = weights.tensors().get(WeightLayout.embedding(config));
    try (ScriptModule script =
            ScriptModule.load(manager, NetworkScript.methods(config, Kernels.PACKED));
        PackedWeights packed = PackedWeights.replacing(weights, config, script, manager)) {
      for (NDArray matrix : matrices) {
        if (matrix == table) {
          assertEquals(config.vocabulary(), matrix.getShape().get(0), "the table stays");
        } else {
          assertTrue(matrix.isReleased());
        }
      }
      long biases = packed.values() - values;
      assertTrue(biases > 0 && biases < values / 50, "stacked biases: " + biases);
    }
  }

  @Test
  void whatPacksHereIsTheFastest() {
    assertEquals(Kernels.PACKED, Kernels.fastest(Device.cpu(), Precision.F32));
    assertTrue(Kernels.fastest(Device.cpu(), Precision.BF16).packed());
    for (Precision precision : Precision.values()) {
      assertEquals(Kernels.PLAIN, Kernels.fastest(Device.gpu(), precision));
    }
  }

  private Qwen25VlConfig untied() {
    try {
      String text = Files.readString(MODEL.resolve("config.json"));
      Files.writeString(
          folder.resolve("config.json"),
          text.replace("\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false"));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    Qwen25VlConfig untied = Qwen25VlConfig.load(folder);
    assertTrue(config.tiedHead() && !untied.tiedHead());
    return untied;
  }

  /** Of sequences that are the same for the same row, whatever their number. */
  private float[] logits(ScriptModule script, NDList w, Qwen25VlConfig of, int rows) {
    SplittableRandom random = new SplittableRandom(11);
    long[] ids = random.ints((long) rows * TOKENS, 0, of.vocabulary()).asLongStream().toArray();
    long[] positions = new long[3 * rows * TOKENS];
    for (int i = 0; i < positions.length; i++) {
      positions[i] = i % TOKENS;
    }
    try (NDManager scope = manager.newSubManager()) {
      Shape shape = new Shape(rows, TOKENS);
      NDArray none = scope.zeros(shape, DataType.INT32);
      NDArray noImage = scope.create(new long[0]);
      NDArray x = script.call(scope, "embed", scope.create(ids, shape), noImage, none, w).get(0);
      NDArray mask = script.call(scope, "packed_mask", none, none).get(0);
      NDArray at = scope.create(positions, new Shape(3, rows, TOKENS));
      NDArray hidden = script.call(scope, "decoder", x, at, mask, false, w).get(0);
      return RawTensors.cast(
              script.call(scope, "head", hidden, w).get(0), RawTensors.FLOAT32, scope)
          .toFloatArray();
    }
  }

  /** Length of the difference over that of the expected. */
  private static double distance(float[] expected, float[] found) {
    double difference = 0;
    double length = 0;
    for (int i = 0; i < expected.length; i++) {
      difference += Math.pow((double) expected[i] - found[i], 2);
      length += Math.pow(expected[i], 2);
    }
    return Math.sqrt(difference / length);
  }
}
