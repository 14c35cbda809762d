package krites.learner;

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
import java.util.SplittableRandom;
import java.util.stream.Stream;
import krites.model.lora.LoraSettings;
import krites.model.lora.LoraTarget;
import krites.model.qwen25vl.Precision;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.torchscript.RawTensors;
import krites.model.torchscript.ScriptModule;
import krites.model.torchscript.TorchRuntime;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The products of training against those that are written out here. */
class ProductsTest {
  private static final Path MODEL =
      Path.of("..", "model", "src", "test", "resources", "golden", "models", "a");
  private static final int ROWS = 7;
  private static final int IN = 24;
  private static final int OUT = 40;

  /** A result is rounded to bfloat16, and so are the arguments, by both sides. */
  private static final double BFLOAT_RELATIVE = 4e-3;

  private NDManager manager;

  @BeforeEach
  void start() {
    TorchRuntime.prepareThread(1, false);
    manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
  }

  @AfterEach
  void stop() {
    manager.close();
  }

  /** All that run on any processor. */
  static Stream<Arguments> all() {
    return Stream.of(
        Arguments.of(Products.TORCH, Precision.F32),
        Arguments.of(Products.TORCH, Precision.BF16),
        Arguments.of(Products.ONEDNN, Precision.F32),
        Arguments.of(Products.ONEDNN_WIDE, Precision.BF16));
  }

  @ParameterizedTest
  @MethodSource("all")
  void aLinearLayerAndItsGradients(Products products, Precision precision) {
    float[] x = rounded(numbers(ROWS * IN, 1), precision);
    float[] w = rounded(numbers(OUT * IN, 2), precision);
    float[] bias = rounded(numbers(OUT, 3), precision);
    float[] dy = rounded(numbers(ROWS * OUT, 4), precision);
    try (ScriptModule script = ScriptModule.load(manager, List.of(products.text()))) {
      NDArray xs = tensor(x, new Shape(1, ROWS, IN), precision);
      NDArray ws = tensor(w, new Shape(OUT, IN), precision);
      NDArray dys = tensor(dy, new Shape(1, ROWS, OUT), precision);
      NDArray biases = tensor(bias, new Shape(OUT), precision);

      assertNear(
          product(x, false, w, true, ROWS, IN, OUT, bias),
          script.call(manager, "fed", xs, ws, biases).get(0),
          precision);
      assertNear(
          product(dy, false, w, false, ROWS, OUT, IN, new float[IN]),
          script.call(manager, "handed", dys, ws).get(0),
          precision);
      assertNear(
          product(dy, true, x, false, OUT, ROWS, IN, new float[IN]),
          script.call(manager, "crossed", dys, xs).get(0),
          precision);
    }
  }

  /** What autograd goes through compiles too, and none of PyTorch's own products is left in it. */
  @Test
  void wideProductsReplaceThoseOfTheWholeNetwork() {
    Qwen25VlConfig config = Qwen25VlConfig.load(MODEL);
    LoraSettings lora = new LoraSettings(4, 8, List.of(LoraTarget.values()), 0);
    for (Optional<LoraSettings> adapters :
        List.of(Optional.<LoraSettings>empty(), Optional.of(lora))) {
      List<String> methods = LearnerScript.methods(config, adapters, Products.ONEDNN_WIDE);
      assertEquals(1, linesWith("torch.linear(", methods), "the one of wide_linear");
      assertEquals(
          1,
          linesWith("torch.scaled_dot_product_attention(", methods),
          "the one of wide_attention");
      ScriptModule.load(manager, methods).close();
    }
  }

  private static long linesWith(String part, List<String> methods) {
    return methods.stream().flatMap(String::lines).filter(line -> line.contains(part)).count();
  }

  /** Gradients of a product that autograd goes through. */
  @Test
  void aWideProductHandsGradientsOnInTheTypeOfItsArguments() {
    String text =
        """
        def gradients(self, x: Tensor, w: Tensor, bias: Tensor) -> List[Tensor]:
          a = torch.requires_grad_(torch.detach(x), True)
          b = torch.requires_grad_(torch.detach(w), True)
          c = torch.requires_grad_(torch.detach(bias), True)
          y = torch.sum(self.wide_linear(a, b, c), dtype=6)
          found = torch.grad([y], [a, b, c], annotate(List[Optional[Tensor]], [None]), None, False, True)
          given = annotate(List[Tensor], [])
          for i in range(3):
            one = found[i]
            if one is not None:
              given.append(torch.detach(one))
          return given
        """
            .indent(2);
    float[] x = rounded(numbers(ROWS * IN, 5), Precision.BF16);
    float[] w = rounded(numbers(OUT * IN, 6), Precision.BF16);
    try (ScriptModule script =
        ScriptModule.load(manager, List.of(Products.ONEDNN_WIDE.text(), text))) {
      NDList found =
          script.callWithGradients(
              manager,
              "gradients",
              tensor(x, new Shape(ROWS, IN), Precision.BF16),
              tensor(w, new Shape(OUT, IN), Precision.BF16),
              tensor(new float[OUT], new Shape(OUT), Precision.BF16));
      float[] ones = new float[ROWS * OUT];
      Arrays.fill(ones, 1);
      assertNear(
          product(ones, false, w, false, ROWS, OUT, IN, new float[IN]),
          found.get(0),
          Precision.BF16);
      assertNear(
          product(ones, true, x, false, OUT, ROWS, IN, new float[IN]),
          found.get(1),
          Precision.BF16);
      float[] rows = new float[OUT];
      Arrays.fill(rows, ROWS);
      assertNear(rows, found.get(2), Precision.BF16);
    }
  }

  private static float[] numbers(int count, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] numbers = new float[count];
    for (int i = 0; i < count; i++) {
      numbers[i] = (float) random.nextDouble(-1, 1);
    }
    return numbers;
  }

  private float[] rounded(float[] numbers, Precision precision) {
    NDArray there = tensor(numbers, new Shape(numbers.length), precision);
    return RawTensors.cast(there, RawTensors.FLOAT32, manager).toFloatArray();
  }

  private NDArray tensor(float[] numbers, Shape shape, Precision precision) {
    return RawTensors.cast(manager.create(numbers, shape), precision.scalarType(), manager);
  }

  /** (m, k) times (k, n), either of which may lie transposed, and a row added to each. */
  private static float[] product(
      float[] a, boolean turnedA, float[] b, boolean turnedB, int m, int k, int n, float[] row) {
    float[] result = new float[m * n];
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        double sum = row[j];
        for (int l = 0; l < k; l++) {
          sum += (double) a[turnedA ? l * m + i : i * k + l] * b[turnedB ? j * k + l : l * n + j];
        }
        result[i * n + j] = (float) sum;
      }
    }
    return result;
  }

  private void assertNear(float[] expected, NDArray found, Precision precision) {
    float[] numbers = RawTensors.cast(found, RawTensors.FLOAT32, manager).toFloatArray();
    assertEquals(expected.length, numbers.length);
    double largest = 0;
    for (float one : expected) {
      largest = Math.max(largest, Math.abs(one));
    }
    double share = precision == Precision.F32 ? 1e-6 : BFLOAT_RELATIVE;
    for (int i = 0; i < expected.length; i++) {
      assertTrue(
          Math.abs(expected[i] - numbers[i]) <= share * largest,
          i + ": " + expected[i] + " but " + numbers[i]);
    }
  }
}
