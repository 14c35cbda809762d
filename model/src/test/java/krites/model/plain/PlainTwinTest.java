package krites.model.plain;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import krites.model.image.ImageDecoder;
import krites.model.image.ImageProcessor;
import krites.model.image.PatchGrid;
import krites.model.image.ProcessedImage;
import krites.model.qwen25vl.MultimodalPositions;
import krites.model.qwen25vl.NetworkScript;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.Precision;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.qwen25vl.VisionInputs;
import krites.model.safetensors.SafetensorsFile;
import krites.model.torchscript.ScriptModule;
import krites.model.torchscript.TorchRuntime;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The plain twin against the numbers of Hugging Face transformers, and the script against the twin.
 */
class PlainTwinTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden");
  private static final Path MODEL = GOLDEN.resolve("models/a");
  private static final Path CASES = GOLDEN.resolve("cases/a");

  private final Qwen25VlConfig config = Qwen25VlConfig.load(MODEL);
  private NDManager manager;
  private NetworkWeights weights;
  private PlainNetwork plain;

  @BeforeEach
  void start() {
    TorchRuntime.prepareThread(1, false);
    manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
    weights = NetworkWeights.load(MODEL, config, manager);
    plain = new PlainNetwork(config, weights);
  }

  @AfterEach
  void stop() {
    manager.close();
  }

  @Test
  void imageEmbeddingsAndLogitsEqualTheReference() throws IOException {
    ProcessedImage image = image("a_one_image_0_131x90.png");
    try (SafetensorsFile golden = SafetensorsFile.open(CASES.resolve("one_image.safetensors"))) {
      NDArray seen = plain.see(List.of(image), manager);
      assertArrayEquals(golden.floats("vision_embeds"), seen.toFloatArray(), 5e-5f);
      long[] ids = golden.longs("input_ids");
      NDArray x = plain.embed(ids, new Shape(1, ids.length), seen, manager);
      NDArray positions = manager.create(golden.longs("position_ids"), new Shape(3, 1, ids.length));
      NDArray hidden = plain.hidden(x, positions, causal(ids.length));
      assertArrayEquals(golden.floats("logits"), plain.logits(hidden).toFloatArray(), 1e-4f);
    }
  }

  @Test
  void greedyTokensOfPaddedPromptsEqualTheReference() throws IOException {
    try (SafetensorsFile golden =
        SafetensorsFile.open(CASES.resolve("batch_left_pad.safetensors"))) {
      int rows = 3;
      int length = (int) golden.entry("gen_ids").shape()[1];
      int width = (int) golden.entry("input_ids").shape()[1];
      List<ProcessedImage> images =
          List.of(
              image("a_batch_left_pad_0_90x64.png"),
              image("a_batch_left_pad_1_60x100.png"),
              image("a_batch_left_pad_2_140x45.png"));
      List<PlainDecoding.Prompt> prompts = new ArrayList<>();
      int met = 0;
      for (int row = 0; row < rows; row++) {
        int[] ids = realTokens(golden, row, width);
        int mine = imagesOf(ids, images.subList(met, images.size()));
        prompts.add(new PlainDecoding.Prompt(ids, images.subList(met, met + mine)));
        met += mine;
      }
      try (PlainDecoding decoding = new PlainDecoding(plain, prompts, length, manager)) {
        assertArrayEquals(golden.longs("gen_ids"), decoding.greedy(length).ids());
        assertThrows(IllegalArgumentException.class, () -> decoding.greedy(1));
      }
    }
  }

  /** How many of the images the image tokens are for. */
  private int imagesOf(int[] ids, List<ProcessedImage> images) {
    long left = Arrays.stream(ids).filter(id -> id == config.imageToken()).count();
    int count = 0;
    while (left > 0) {
      left -= images.get(count++).grid().patches() / config.vision().mergedPatches();
    }
    return count;
  }

  private static int[] realTokens(SafetensorsFile golden, int row, int width) {
    long[] ids = golden.longs("input_ids");
    long[] mask = golden.longs("attention_mask");
    return IntStream.range(row * width, (row + 1) * width)
        .filter(i -> mask[i] != 0)
        .map(i -> (int) ids[i])
        .toArray();
  }

  @Test
  void gradientsEqualTheReferenceAndAreForgottenByAStep() throws IOException {
    ProcessedImage image = image("a_one_image_0_131x90.png");
    try (SafetensorsFile golden = SafetensorsFile.open(CASES.resolve("one_image.safetensors"));
        SafetensorsFile train = SafetensorsFile.open(CASES.resolve("one_image.train.safetensors"));
        PlainTraining training = new PlainTraining(plain, weights, _ -> true, 1e-3, manager)) {
      PlainTraining.Batch batch = maskedTargets(golden, image);
      double before = training.supervised(batch);
      int compared = 0;
      for (String tensor : train.names()) {
        if (tensor.startsWith("grad.")) {
          String name = tensor.substring("grad.".length());
          assertArrayEquals(train.floats(tensor), training.gradient(name), 2e-5f, tensor);
          compared++;
        }
      }
      assertEquals(11, compared);
      training.update(1);
      assertEquals(0, largest(training.gradient("model.norm.weight")));
      assertTrue(training.supervised(batch) < before);
    }
  }

  private static float largest(float[] values) {
    float largest = 0;
    for (float value : values) {
      largest = Math.max(largest, Math.abs(value));
    }
    return largest;
  }

  private PlainTraining.Batch maskedTargets(SafetensorsFile golden, ProcessedImage image) {
    long[] ids = golden.longs("input_ids");
    long[] mask = golden.longs("loss_mask");
    long[] select = LongStream.range(0, mask.length).filter(i -> mask[(int) i] != 0).toArray();
    long[] target = Arrays.stream(select).map(i -> ids[(int) i + 1]).toArray();
    float[] weight = new float[target.length];
    Arrays.fill(weight, 1f / weight.length);
    boolean[] real = new boolean[ids.length];
    Arrays.fill(real, true);
    return new PlainTraining.Batch(
        1, ids, real, golden.longs("position_ids"), List.of(image), select, target, weight);
  }

  /** Fresh weights, several images and paddings per seed; no golden numbers are needed. */
  @Test
  void theScriptEqualsTheTwinOnRandomNetworks() {
    for (long seed = 1; seed <= 3; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      try (NDManager scope = manager.newSubManager();
          NetworkWeights fresh = NetworkWeights.random(config, seed, scope);
          ScriptModule script = ScriptModule.load(scope, NetworkScript.methods(config))) {
        PlainNetwork twin = new PlainNetwork(config, fresh);
        ProcessedImage image = noise(random);
        NDArray seen = twin.see(List.of(image), scope);
        List<Object> vision = new ArrayList<>(VisionInputs.of(List.of(image), config, scope));
        vision.add(fresh.tensors());
        NDArray scripted = script.call(scope, "vision", vision.toArray()).get(0);
        assertArrayEquals(scripted.toFloatArray(), seen.toFloatArray(), 5e-5f, "seed " + seed);

        long[] ids = ids(random, (int) seen.getShape().get(0));
        Shape row = new Shape(1, ids.length);
        int[] tokens = Arrays.stream(ids).mapToInt(id -> (int) id).toArray();
        long[] places = places(MultimodalPositions.of(tokens, List.of(image.grid()), config));
        NDArray positions = scope.create(places, new Shape(3, 1, ids.length));
        NDArray x = twin.embed(ids, row, seen, scope);
        NDArray none = scope.zeros(row, DataType.INT32);
        NDArray mask = script.call(scope, "packed_mask", none, none).get(0);
        NDArray hidden =
            script.call(scope, "decoder", x, positions, mask, false, fresh.tensors()).get(0);
        NDArray logits = script.call(scope, "head", hidden, fresh.tensors()).get(0);
        NDArray ours = twin.logits(twin.hidden(x, positions, causal(ids.length)));
        assertArrayEquals(logits.toFloatArray(), ours.toFloatArray(), 1e-4f, "seed " + seed);
      }
    }
  }

  /** The cache gives what reading everything at once gives. */
  @Test
  void sampledTokensHaveTheLogProbsThatReadingThemGives() {
    int[] prompt = {5, 9, 14, 3};
    double[] uniforms = new SplittableRandom(7).doubles(12).toArray();
    try (PlainDecoding decoding =
            new PlainDecoding(
                plain,
                List.of(
                    new PlainDecoding.Prompt(prompt, List.of()),
                    new PlainDecoding.Prompt(new int[] {8, 2}, List.of())),
                6,
                manager);
        PlainTraining training = new PlainTraining(plain, weights, _ -> false, 1e-3, manager)) {
      PlainDecoding.Tokens tokens = decoding.sample(uniforms, 1);
      long[] whole = new long[10];
      long[] places = new long[30];
      for (int i = 0; i < 10; i++) {
        whole[i] = i < 4 ? prompt[i] : tokens.ids()[i - 4];
        places[i] = places[i + 10] = places[i + 20] = i;
      }
      boolean[] real = new boolean[10];
      Arrays.fill(real, true);
      float[] read =
          training.logProbs(
              new PlainTraining.Batch(
                  1,
                  whole,
                  real,
                  places,
                  List.of(),
                  LongStream.range(3, 9).toArray(),
                  Arrays.copyOf(tokens.ids(), 6),
                  new float[6]));
      assertArrayEquals(read, Arrays.copyOf(tokens.logProbs(), 6), 1e-5f);
    }
  }

  @Test
  void otherTypesThanFloat32AreRefused() {
    try (NetworkWeights rounded = NetworkWeights.load(MODEL, config, Precision.BF16, manager)) {
      assertThrows(IllegalArgumentException.class, () -> new PlainNetwork(config, rounded));
    }
  }

  private NDArray causal(int tokens) {
    boolean[] seen = new boolean[tokens * tokens];
    for (int i = 0; i < tokens; i++) {
      Arrays.fill(seen, i * tokens, i * tokens + i + 1, true);
    }
    return PlainLayers.bias(seen, new Shape(1, 1, tokens, tokens), manager);
  }

  /** Text, the tokens of one image, text. */
  private long[] ids(SplittableRandom random, int imageTokens) {
    LongStream before = random.longs(5, 1, 40);
    LongStream image = LongStream.generate(config::imageToken).limit(imageTokens);
    return LongStream.concat(LongStream.concat(before, image), random.longs(7, 1, 40)).toArray();
  }

  private static long[] places(MultimodalPositions positions) {
    return Arrays.stream(positions.axes()).flatMapToInt(Arrays::stream).asLongStream().toArray();
  }

  /** Patches of an uneven number of windows, without a picture. */
  private ProcessedImage noise(SplittableRandom random) {
    PatchGrid grid = new PatchGrid(1, 2 * random.nextInt(3, 8), 2 * random.nextInt(3, 8));
    float[] pixels = new float[grid.patches() * config.vision().patchValues()];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (float) random.nextGaussian();
    }
    ProcessedImage any;
    try {
      any = image("a_one_image_0_131x90.png");
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    return new ProcessedImage(pixels, grid, any.resized());
  }

  private static ProcessedImage image(String name) throws IOException {
    byte[] file = Files.readAllBytes(GOLDEN.resolve("images").resolve(name));
    return ImageProcessor.load(MODEL).process(ImageDecoder.decode(file, name));
  }
}
