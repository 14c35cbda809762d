package krites.app.conformance;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.IntBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;
import krites.grpo.Sampling;
import krites.learner.TrainingCore;
import krites.model.image.ProcessedImage;
import krites.model.qwen25vl.VisionInputs;
import krites.rollout.DecodeBatch;
import krites.rollout.LockstepBatch;

/** Images, vision tower, positions, logits, log-probabilities and greedy generation of one case. */
final class ForwardCase {
  private static final int LONG_CHUNK = 8;

  private final GoldenModel golden;
  private final JsonNode json;
  private final Comparison compare;
  private final Path imageFolder;

  ForwardCase(GoldenModel golden, JsonNode json, Comparison compare, Path imageFolder) {
    this.golden = golden;
    this.json = json;
    this.compare = compare;
    this.imageFolder = imageFolder;
  }

  void run() throws IOException {
    List<ProcessedImage> images = images(golden, json, imageFolder);
    if (compare.has("pixel_values")) {
      compare.close("pixel_values", GoldenModel.pixels(images), Comparison.PIXELS);
      compare.equal("image_grid_thw", GoldenModel.grids(images));
    }
    GoldenBatch batch = GoldenBatch.read(compare, images, golden.config());
    compare.equal("position_ids", batch.positions());
    compare.equal("rope_deltas", batch.ropeDeltas());
    try (NDManager scope = golden.manager().newSubManager()) {
      forward(batch, scope);
      logProbs(batch, scope);
    }
    if (compare.has("gen_ids")) {
      generation(batch);
    }
  }

  /** The images of the case in the order of the batch. */
  static List<ProcessedImage> images(GoldenModel golden, JsonNode json, Path folder)
      throws IOException {
    List<String> names = new ArrayList<>();
    json.path("images").forEach(name -> names.add(name.asText()));
    return golden.process(folder, names);
  }

  /**
   * Every place of the batch at once, through the methods that training and prefill are made of.
   */
  private void forward(GoldenBatch batch, NDManager scope) {
    NDArray embeddings = scope.zeros(new Shape(0));
    if (!batch.allImages().isEmpty()) {
      embeddings =
          golden.callOne(
              scope, "vision", VisionInputs.of(batch.allImages(), golden.config(), scope));
      compare.close("vision_embeds", embeddings.toFloatArray(), Comparison.EMBEDDINGS);
    }
    Shape shape = new Shape(batch.rows(), batch.width());
    long[] imageAt =
        Arrays.stream(batch.realPlaces())
            .filter(place -> batch.ids()[(int) place] == golden.config().imageToken())
            .toArray();
    NDArray x =
        golden.callOne(
            scope,
            "embed",
            List.of(scope.create(batch.ids(), shape), scope.create(imageAt), embeddings));
    int[] documents = new int[batch.ids().length];
    for (int i = 0; i < documents.length; i++) {
      documents[i] = batch.real()[i] ? i / batch.width() : -1;
    }
    NDArray mask =
        golden
            .script()
            .call(
                scope,
                "packed_mask",
                scope.create(IntBuffer.wrap(documents), shape, DataType.INT32),
                scope.zeros(shape, DataType.INT32))
            .get(0);
    if (!compare.has("logits")) {
      return;
    }
    NDArray positions = scope.create(batch.positions(), new Shape(3, batch.rows(), batch.width()));
    NDArray hidden = golden.callOne(scope, "decoder", List.of(x, positions, mask, false));
    NDArray logits = golden.callOne(scope, "head", List.of(hidden));
    int vocabulary = golden.config().vocabulary();
    compare.closeWhere(
        "logits",
        compare.floats("logits"),
        logits.toFloatArray(),
        Comparison.LOGITS,
        i -> batch.real()[i / vocabulary]);
  }

  /** Log-probability of each next token and the entropies, as the learner computes them. */
  private void logProbs(GoldenBatch batch, NDManager scope) {
    int width = batch.width();
    long[] places = batch.realPlaces();
    long[] targets =
        Arrays.stream(places)
            .map(place -> place % width == width - 1 ? 0 : batch.ids()[(int) place + 1])
            .toArray();
    float[] logProbs = new float[batch.rows() * (width - 1)];
    float[] entropy = new float[batch.rows() * width];
    try (TrainingCore core = golden.newCore()) {
      NDList result =
          core.logProbs(batch.packed(places, targets, golden.config(), scope), 1.0, scope);
      float[] chosen = result.get(0).toFloatArray();
      float[] spread = result.get(1).toFloatArray();
      for (int i = 0; i < places.length; i++) {
        int place = (int) places[i];
        entropy[place] = spread[i];
        if (place % width < width - 1) {
          logProbs[place / width * (width - 1) + place % width] = chosen[i];
        }
      }
    }
    IntPredicate followed = i -> followed(batch, i);
    compare.closeWhere(
        "target_logprobs",
        compare.floats("target_logprobs"),
        logProbs,
        Comparison.LOG_PROBS,
        followed);
    compare.closeWhere(
        "entropy", compare.floats("entropy"), entropy, Comparison.LOG_PROBS, i -> batch.real()[i]);
    long[] lossMask = compare.longs("loss_mask");
    double sum = 0;
    for (int i = 0; i < lossMask.length; i++) {
      sum += lossMask[i] * (double) logProbs[i];
    }
    compare.value(
        "mean_nll",
        json.path("mean_nll").asDouble(),
        -sum / Arrays.stream(lossMask).sum(),
        Comparison.LOSS);
  }

  /** Whether the i-th of (B, T - 1) places and the one behind it are real. */
  private static boolean followed(GoldenBatch batch, int i) {
    int place = i / (batch.width() - 1) * batch.width() + i % (batch.width() - 1);
    return batch.real()[place] && batch.real()[place + 1];
  }

  /** Greedy decoding token by token, in chunks, and with a stop token. */
  private void generation(GoldenBatch batch) {
    int length = compare.side("gen_ids", 1);
    int vocabulary = golden.config().vocabulary();
    int pad = json.path("pad_token_id").asInt();
    float[] logits = new float[batch.rows() * length * vocabulary];
    long[] single = decode(batch, length, 1, pad, new int[0], logits);
    compare.equal("gen_ids", single);
    if (compare.has("gen_logits")) {
      compare.close("gen_logits", logits, Comparison.LOGITS);
    }
    compare.equal(
        "gen_ids (chunks of 8)",
        compare.longs("gen_ids"),
        decode(batch, length, LONG_CHUNK, pad, new int[0], new float[0]));
    if (compare.has("gen_eos_ids")) {
      JsonNode stopped = json.path("generation_with_stop");
      int[] stops = {stopped.path("eos_token_id").asInt()};
      int stopPad = stopped.path("pad_token_id").asInt();
      int columns = compare.side("gen_eos_ids", 1);
      compare.equal(
          "gen_eos_ids", decode(batch, columns, LONG_CHUNK, stopPad, stops, new float[0]));
    }
  }

  /**
   * Generates greedily.
   *
   * @param logits receives the logits of each token, (B, length, V), unless it is empty
   * @return ids, (B, length)
   */
  private long[] decode(
      GoldenBatch batch, int length, int chunk, int pad, int[] stops, float[] logits) {
    int rows = batch.rows();
    int size = golden.config().vocabulary();
    List<LockstepBatch.Input> inputs = new ArrayList<>();
    for (int row = 0; row < rows; row++) {
      inputs.add(new LockstepBatch.Input(batch.tokens(row), batch.images().get(row)));
    }
    long[] ids = new long[rows * length];
    try (LockstepBatch decoding =
        LockstepBatch.read(
            golden.network(),
            new DecodeBatch.Vocabulary(size, stops, new boolean[size], pad),
            inputs,
            Sampling.greedy(length))) {
      for (int at = 0; at < length; at += chunk) {
        int n = Math.min(chunk, length - at);
        DecodeBatch.Chunk tokens = decoding.decode(new double[rows * n]);
        if (logits.length > 0) {
          float[] now = decoding.logits();
          for (int row = 0; row < rows; row++) {
            System.arraycopy(now, row * size, logits, (row * length + at) * size, size);
          }
        }
        for (int row = 0; row < rows; row++) {
          System.arraycopy(tokens.tokens(), row * n, ids, row * length + at, n);
        }
      }
    }
    return ids;
  }
}
