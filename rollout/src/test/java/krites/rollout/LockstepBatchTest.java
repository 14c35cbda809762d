package krites.rollout;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import krites.grpo.Sampling;
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

/** Decoding against the golden generation, and what a batch must not change. */
class LockstepBatchTest {
  private static final Path GOLDEN = Path.of("..", "model", "src", "test", "resources", "golden");
  private static final Path MODEL = GOLDEN.resolve("models/a");
  private static final int PAD = 984;
  private static final int STOP = 304;

  /** Expected draws from which a count is nearly normal. */
  private static final double OFTEN = 20;

  private final Qwen25VlConfig config = Qwen25VlConfig.load(MODEL);
  private NDManager manager;
  private RolloutNetwork network;

  @BeforeEach
  void start() {
    TorchRuntime.prepareThread(1, false);
    manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
    network = new RolloutNetwork(config, NetworkWeights.load(MODEL, config, manager), manager);
  }

  @AfterEach
  void stop() {
    network.close();
    manager.close();
  }

  @Test
  void greedyTokensEqualTheReferenceInAnyChunk() throws IOException {
    try (SafetensorsFile golden =
        SafetensorsFile.open(GOLDEN.resolve("cases/a/batch_left_pad.safetensors"))) {
      Sampling greedy = Sampling.greedy(24);
      long[] ids = golden.longs("gen_ids");
      assertArrayEquals(ids, decode(inputs(), greedy, new int[0], new double[3][24], 1));
      assertArrayEquals(ids, decode(inputs(), greedy, new int[0], new double[3][24], 7));
      assertArrayEquals(
          golden.longs("gen_eos_ids"),
          decode(inputs(), greedy, new int[] {STOP}, new double[3][24], 8));
    }
  }

  @Test
  void aPromptGivesTheSameTokensWhateverBatchItIsIn() throws IOException {
    Sampling sampling = new Sampling(1, 1f, 0.95f, 50, 1.1f, 16);
    double[][] uniforms = uniforms(3, 16, 1);
    long[] together = decode(inputs(), sampling, new int[0], uniforms, 4);
    for (int row = 0; row < 3; row++) {
      long[] alone =
          decode(
              List.of(inputs().get(row)), sampling, new int[0], new double[][] {uniforms[row]}, 16);
      assertArrayEquals(
          Arrays.copyOfRange(together, row * 16, (row + 1) * 16), alone, "row " + row);
    }
  }

  @Test
  void aLongResponseIsTheSameInOneCallAndInMany() throws IOException {
    int length = 600;
    Sampling sampling = new Sampling(1, 1f, 1f, 0, 1f, length);
    double[][] uniforms = uniforms(3, length, 6);

    long[] inOneCall = decode(inputs(), sampling, new int[0], uniforms, length);
    long[] inManyCalls = decode(inputs(), sampling, new int[0], uniforms, 50);

    assertArrayEquals(inOneCall, inManyCalls);
  }

  @Test
  void rowsThatStayDoNotNoticeThatOthersLeave() throws IOException {
    Sampling sampling = new Sampling(1, 1f, 1f, 0, 1f, 16);
    double[][] uniforms = uniforms(3, 16, 2);
    long[] all = decode(inputs(), sampling, new int[0], uniforms, 16);
    try (LockstepBatch batch = prefill(inputs(), sampling, new int[0])) {
      DecodeBatch.Chunk first = batch.decode(part(uniforms, 0, 6));
      batch.leave(0); // the last row takes its place
      DecodeBatch.Chunk second = batch.decode(part(uniforms, 6, 16));
      assertArrayEquals(Arrays.copyOfRange(all, 0, 6), Arrays.copyOfRange(first.tokens(), 0, 6));
      for (int i = 0; i < 10; i++) {
        assertEquals(PAD, second.tokens()[i]);
      }
      assertArrayEquals(
          Arrays.copyOfRange(all, 22, 32), Arrays.copyOfRange(second.tokens(), 10, 20));
      assertArrayEquals(
          Arrays.copyOfRange(all, 38, 48), Arrays.copyOfRange(second.tokens(), 20, 30));
    }
  }

  @Test
  void aStoppedRowGivesPadsWithLogProbabilityZero() throws IOException {
    try (LockstepBatch batch = prefill(inputs(), Sampling.greedy(8), new int[] {STOP})) {
      DecodeBatch.Chunk chunk = batch.decode(new double[3 * 8]);
      assertEquals(STOP, chunk.tokens()[4]);
      assertTrue(chunk.logProbs()[4] < 0);
      for (int i = 5; i < 8; i++) {
        assertEquals(PAD, chunk.tokens()[i]);
        assertEquals(0f, chunk.logProbs()[i]);
        assertEquals(0f, chunk.drawnLogProbs()[i]);
      }
      assertTrue(chunk.tokens()[15] != PAD && chunk.tokens()[23] != PAD, "the others go on");
    }
  }

  @Test
  void sampledFrequenciesAndLogProbabilitiesMatchTheSoftmax() throws IOException {
    int copies = 2000;
    float temperature = 0.5f;
    Sampling sampling = new Sampling(copies, temperature, 1f, 0, 1f, 1);
    try (LockstepBatch batch = prefill(copies(inputs().get(1), copies), sampling, new int[0])) {
      double[] uniforms = new SplittableRandom(3).doubles(copies).toArray();
      DecodeBatch.Chunk chunk = batch.decode(uniforms);
      float[] logits = Arrays.copyOf(batch.logits(), config.vocabulary());
      float[] expected =
          PlainSampling.probabilities(PlainSampling.process(logits, new int[0], sampling));
      int[] counts = new int[expected.length];
      for (int i = 0; i < copies; i++) {
        int token = (int) chunk.tokens()[i];
        counts[token]++;
        assertEquals(PlainSampling.draw(expected, uniforms[i]), token, "uniform " + uniforms[i]);
        assertEquals(Math.log(expected[token]), chunk.logProbs()[i], 1e-4);
      }
      int checked = 0;
      for (int token = 0; token < counts.length; token++) {
        double mean = copies * (double) expected[token];
        if (mean >= OFTEN) {
          assertEquals(mean, counts[token], 5 * Math.sqrt(mean), "token " + token);
          checked++;
        }
      }
      assertTrue(checked >= 5, "only " + checked + " tokens are drawn often enough to count");
    }
  }

  @Test
  void aForbiddenTokenIsNeverDrawn() throws IOException {
    boolean[] forbidden = new boolean[config.vocabulary()];
    Arrays.fill(forbidden, true);
    forbidden[7] = false;
    forbidden[9] = false;
    Sampling sampling = new Sampling(100, 1f, 1f, 0, 1f, 1);
    DecodeBatch.Vocabulary two =
        new DecodeBatch.Vocabulary(config.vocabulary(), new int[0], forbidden, PAD);
    try (LockstepBatch batch =
        LockstepBatch.read(network, two, copies(inputs().get(0), 100), sampling)) {
      double[] uniforms = new SplittableRandom(4).doubles(100).toArray();
      uniforms[0] = 0;
      uniforms[1] = Math.nextDown(1.0);
      DecodeBatch.Chunk chunk = batch.decode(uniforms);
      assertEquals(7, chunk.tokens()[0]);
      assertEquals(9, chunk.tokens()[1]);
      assertTrue(Arrays.stream(chunk.tokens()).allMatch(token -> token == 7 || token == 9));
    }
  }

  private long[] decode(
      List<LockstepBatch.Input> inputs,
      Sampling sampling,
      int[] stops,
      double[][] uniforms,
      int chunk) {
    int rows = inputs.size();
    int length = sampling.maxNewTokens();
    long[] ids = new long[rows * length];
    try (LockstepBatch batch = prefill(inputs, sampling, stops)) {
      for (int at = 0; at < length; at += chunk) {
        int n = Math.min(chunk, length - at);
        long[] tokens = batch.decode(part(uniforms, at, at + n)).tokens();
        for (int row = 0; row < rows; row++) {
          System.arraycopy(tokens, row * n, ids, row * length + at, n);
        }
      }
    }
    return ids;
  }

  private LockstepBatch prefill(List<LockstepBatch.Input> inputs, Sampling sampling, int[] stops) {
    int size = config.vocabulary();
    DecodeBatch.Vocabulary vocabulary =
        new DecodeBatch.Vocabulary(size, stops, new boolean[size], PAD);
    return LockstepBatch.read(network, vocabulary, inputs, sampling);
  }

  private static List<LockstepBatch.Input> copies(LockstepBatch.Input one, int copies) {
    return List.of(new LockstepBatch.Input(one.ids(), one.images(), copies));
  }

  /** Text only, one image, two images, as in the golden case. */
  private static List<LockstepBatch.Input> inputs() throws IOException {
    List<List<ProcessedImage>> images =
        List.of(
            List.of(),
            List.of(image("a_batch_left_pad_0_90x64.png")),
            List.of(
                image("a_batch_left_pad_1_60x100.png"), image("a_batch_left_pad_2_140x45.png")));
    List<LockstepBatch.Input> inputs = new ArrayList<>();
    try (SafetensorsFile golden =
        SafetensorsFile.open(GOLDEN.resolve("cases/a/batch_left_pad.safetensors"))) {
      long[] ids = golden.longs("input_ids");
      long[] mask = golden.longs("attention_mask");
      int width = ids.length / images.size();
      for (int row = 0; row < images.size(); row++) {
        int[] tokens = new int[width];
        int count = 0;
        for (int i = row * width; i < (row + 1) * width; i++) {
          if (mask[i] != 0) {
            tokens[count++] = (int) ids[i];
          }
        }
        inputs.add(new LockstepBatch.Input(Arrays.copyOf(tokens, count), images.get(row)));
      }
    }
    return inputs;
  }

  private static ProcessedImage image(String name) throws IOException {
    byte[] file = Files.readAllBytes(GOLDEN.resolve("images").resolve(name));
    return ImageProcessor.load(MODEL).process(ImageDecoder.decode(file, name));
  }

  private static double[][] uniforms(int rows, int length, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    double[][] uniforms = new double[rows][];
    for (int row = 0; row < rows; row++) {
      uniforms[row] = random.doubles(length).toArray();
    }
    return uniforms;
  }

  /** Columns from inclusive, to exclusive, row after row. */
  private static double[] part(double[][] uniforms, int from, int to) {
    double[] part = new double[uniforms.length * (to - from)];
    for (int row = 0; row < uniforms.length; row++) {
      System.arraycopy(uniforms[row], from, part, row * (to - from), to - from);
    }
    return part;
  }
}
