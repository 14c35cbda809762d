package krites.app.conformance;

import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import krites.grpo.objective.ClippedObjective;
import krites.grpo.objective.CorrectedTokens;
import krites.grpo.objective.Correction;
import krites.grpo.objective.DecoupledObjective;
import krites.grpo.objective.KlEstimate;
import krites.grpo.objective.LogRatioGuard;
import krites.grpo.objective.ProximalRule;
import krites.grpo.objective.RatioLevel;
import krites.learner.AdamWSettings;
import krites.learner.Objective;
import krites.learner.PackedRows;
import krites.learner.PolicyTargets;
import krites.learner.TrainingCore;
import krites.model.image.ProcessedImage;
import krites.model.safetensors.SafetensorsFile;

/**
 * One GRPO policy step of the reference: losses, metrics, gradients, the clipped AdamW step and
 * what follows it.
 *
 * <p>It is run twice: with a row per response, as the reference does, and packed, a row per prompt,
 * as this project trains.
 */
final class GrpoStepCase {
  private static final String GRADIENT = "grad.";
  private static final String MEAN_GRADIENT = "micro3_mean.grad.";

  private final GoldenModel golden;
  private final JsonNode json;
  private final Comparison compare;
  private final Path imageFolder;
  private final SafetensorsFile train;
  private final int promptLength;
  private final int responseLength;
  private final Objective objective;

  /** Values of the response tokens that the mask lets through, in row order. */
  private record Tokens(float[] advantage, float[] old, float[] reference, int[] places) {
    int count() {
      return places.length;
    }
  }

  GrpoStepCase(
      GoldenModel golden,
      JsonNode json,
      Comparison compare,
      Path imageFolder,
      SafetensorsFile train) {
    this.golden = golden;
    this.json = json;
    this.compare = compare;
    this.imageFolder = imageFolder;
    this.train = train;
    this.promptLength = (int) GoldenJson.number(json, "prompt_length");
    this.responseLength = (int) GoldenJson.number(json, "response_length");
    JsonNode policy = GoldenJson.need(json, "policy");
    this.objective =
        new Objective(
            GoldenJson.number(json, "temperature"),
            new DecoupledObjective(
                new ClippedObjective(
                    GoldenJson.number(policy, "clip_ratio_low"),
                    GoldenJson.number(policy, "clip_ratio_high"),
                    GoldenJson.number(policy, "clip_ratio_dual"),
                    RatioLevel.TOKEN,
                    LogRatioGuard.EASYR1),
                ProximalRule.RECOMPUTED,
                new Correction.None(),
                CorrectedTokens.ALL,
                KlEstimate.K3,
                GoldenJson.number(json, "kl_coef")));
  }

  void run() throws IOException {
    compare.text("kl_penalty", "low_var_kl", GoldenJson.text(json, "kl_penalty"));
    compare.text("loss_type", "default", GoldenJson.text(json.get("policy"), "loss_type"));
    compare.text("loss_avg_mode", "token", GoldenJson.text(json.get("policy"), "loss_avg_mode"));
    List<ProcessedImage> images = imagesOfRows();
    if (compare.has("pixel_values")) {
      compare.close("pixel_values", GoldenModel.pixels(images), Comparison.PIXELS);
    }
    compare.equal("image_grid_thw", GoldenModel.grids(images));
    GoldenBatch batch = GoldenBatch.read(compare, images, golden.config());
    compare.equal("position_ids", batch.positions());
    compare.equal("rope_deltas", batch.ropeDeltas());
    fullStep(batch);
    packedStep(batch);
    microBatchesByTokens(batch);
    microBatchesByMean(batch);
  }

  /** The images of each row, the rows of one prompt having the same. */
  private List<ProcessedImage> imagesOfRows() throws IOException {
    List<ProcessedImage> distinct = ForwardCase.images(golden, json, imageFolder);
    JsonNode use = GoldenJson.need(json, "image_use");
    long[] groups = compare.longs("group_index");
    List<ProcessedImage> images = new ArrayList<>();
    for (long group : groups) {
      use.get((int) group).forEach(image -> images.add(distinct.get(image.asInt())));
    }
    return images;
  }

  /**
   * All rows at once: losses, metrics, gradients, the step, and the losses with the new weights.
   */
  private void fullStep(GoldenBatch batch) {
    Tokens tokens = tokens(0, batch.rows());
    try (NDManager scope = golden.manager().newSubManager();
        TrainingCore core = golden.newCore()) {
      PackedRows rows = rowPerResponse(batch, tokens, scope);
      TrainingCore.PolicyLoss before = loss(core, rows, tokens, tokens.count());
      logProbs("log_probs", "log_probs", tokens, before.logProbs());
      losses("", json, before, Comparison.LOSS);
      GradientCase.gradients(compare, core, train, GRADIENT);
      double norm = GoldenJson.number(json, "grad_norm_before_clip");
      double rate = GradientCase.learningRate(json);
      double maxNorm = GoldenJson.number(json, "max_grad_norm");
      TrainingCore.Update update = core.update(rate, GradientCase.settings(json, maxNorm));
      compare.value(
          "grad_norm_before_clip", norm, update.gradientNorm(), Comparison.GRADIENTS * norm);
      GradientCase.steppedOnce(compare, core, train, rate);
      TrainingCore.PolicyLoss after = loss(core, rows, tokens, tokens.count());
      logProbs("log_probs_after_step", "log_probs_after_step", tokens, after.logProbs());
      losses("after_step.", GoldenJson.need(json, "after_step"), after, Comparison.LATER_LOSS);
      AdamWSettings unclipped = GradientCase.settings(json, 0);
      double factor = Math.min(1, maxNorm / (norm + 1e-6));
      GradientCase.optimizerAlone(golden, compare, train, unclipped, rate, factor);
    }
  }

  /** A row per prompt with all its responses gives the same numbers. */
  private void packedStep(GoldenBatch batch) {
    Tokens tokens = tokens(0, batch.rows());
    try (NDManager scope = golden.manager().newSubManager();
        TrainingCore core = golden.newCore()) {
      PackedRows rows = PackedRows.of(sequences(batch), golden.config(), scope);
      TrainingCore.PolicyLoss loss = loss(core, rows, tokens, tokens.count());
      logProbs("packed.log_probs", "log_probs", tokens, loss.logProbs());
      losses("packed.", json, loss, Comparison.LOSS);
      GradientCase.gradients(compare.named("packed."), core, train, GRADIENT);
    }
  }

  /** Neighbouring rows of one prompt, together. */
  private List<PackedRows.Sequence> sequences(GoldenBatch batch) {
    long[] groups = compare.longs("group_index");
    long[] mask = compare.longs("response_mask");
    long[] responses = compare.longs("responses");
    List<PackedRows.Sequence> sequences = new ArrayList<>();
    int row = 0;
    while (row < batch.rows()) {
      int first = row;
      List<int[]> answers = new ArrayList<>();
      while (row < batch.rows() && groups[row] == groups[first]) {
        int from = row * responseLength;
        answers.add(
            IntStream.range(from, from + responseLength)
                .filter(place -> mask[place] != 0)
                .map(place -> (int) responses[place])
                .toArray());
        row++;
      }
      sequences.add(
          new PackedRows.Sequence(
              batch.tokens(first, 0, promptLength), batch.images().get(first), answers));
    }
    return sequences;
  }

  /** Micro-batches weighed by their response tokens: the gradient of the whole batch. */
  private void microBatchesByTokens(GoldenBatch batch) {
    JsonNode parts = json.path("micro_batches_of_2").path("parts");
    int all = tokens(0, batch.rows()).count();
    try (TrainingCore core = golden.newCore()) {
      int index = 0;
      for (JsonNode part : parts) {
        String prefix = "micro_batches_of_2." + index++ + ".";
        microBatch(core, batch, part, all).ifExpected(prefix, part, all);
      }
      if (!parts.isEmpty()) {
        GradientCase.gradients(compare.named("micro_batches_of_2."), core, train, GRADIENT);
      }
    }
  }

  /** Micro-batches that count the same whatever they hold: another gradient. */
  private void microBatchesByMean(GoldenBatch batch) {
    JsonNode golden3 = json.path("micro_batches_of_3_mean");
    JsonNode parts = golden3.path("parts");
    if (parts.isEmpty()) {
      return;
    }
    try (TrainingCore core = golden.newCore()) {
      double total = 0;
      int index = 0;
      for (JsonNode part : parts) {
        int own = tokens(from(part), to(part)).count();
        double loss = microBatch(core, batch, part, own * parts.size()).loss().loss();
        total += loss;
        compare.value(
            "micro_batches_of_3_mean." + index++ + ".loss",
            GoldenJson.number(part, "loss"),
            loss * parts.size(),
            Comparison.LOSS);
      }
      compare.value(
          "micro_batches_of_3_mean.total_loss",
          GoldenJson.number(golden3, "total_loss"),
          total,
          Comparison.LOSS);
      double norm = GoldenJson.number(golden3, "grad_norm");
      compare.value(
          "micro_batches_of_3_mean.grad_norm",
          norm,
          GradientCase.norm(core),
          Comparison.GRADIENTS * norm);
      GradientCase.gradients(compare, core, train, MEAN_GRADIENT);
    }
  }

  /** A part's loss, summed with weights 1/{@code divisor}, and how many tokens it has. */
  private final class Part {
    private final TrainingCore.PolicyLoss loss;
    private final int tokens;

    Part(TrainingCore.PolicyLoss loss, int tokens) {
      this.loss = loss;
      this.tokens = tokens;
    }

    TrainingCore.PolicyLoss loss() {
      return loss;
    }

    void ifExpected(String prefix, JsonNode part, int all) {
      double scale = (double) all / tokens;
      compare.value(prefix + "tokens", GoldenJson.number(part, "tokens"), tokens, 0);
      parts(prefix, part, loss, scale, Comparison.LOSS);
    }
  }

  private Part microBatch(TrainingCore core, GoldenBatch batch, JsonNode part, int divisor) {
    GoldenBatch rows = batch.part(from(part), to(part));
    Tokens tokens = tokens(from(part), to(part));
    try (NDManager scope = golden.manager().newSubManager()) {
      return new Part(
          loss(core, rowPerResponse(rows, tokens, scope), tokens, divisor), tokens.count());
    }
  }

  private static int from(JsonNode part) {
    return GoldenJson.need(part, "rows").get(0).asInt();
  }

  private static int to(JsonNode part) {
    return GoldenJson.need(part, "rows").get(1).asInt();
  }

  /** The response tokens of some rows; places count within these rows' (rows, R). */
  private Tokens tokens(int from, int to) {
    long[] mask = compare.longs("response_mask");
    int first = from * responseLength;
    int[] places =
        IntStream.range(first, to * responseLength).filter(place -> mask[place] != 0).toArray();
    return new Tokens(
        pick("advantages", places),
        pick("old_log_probs", places),
        pick("ref_log_probs", places),
        Arrays.stream(places).map(place -> place - first).toArray());
  }

  private float[] pick(String tensor, int[] places) {
    float[] all = compare.floats(tensor);
    float[] picked = new float[places.length];
    for (int i = 0; i < places.length; i++) {
      picked[i] = all[places[i]];
    }
    return picked;
  }

  private PackedRows rowPerResponse(GoldenBatch batch, Tokens tokens, NDManager scope) {
    long[] select = new long[tokens.count()];
    long[] target = new long[tokens.count()];
    for (int i = 0; i < select.length; i++) {
      int row = tokens.places()[i] / responseLength;
      int at = row * batch.width() + promptLength + tokens.places()[i] % responseLength;
      select[i] = at - 1;
      target[i] = batch.ids()[at];
    }
    return batch.packed(select, target, golden.config(), scope);
  }

  private TrainingCore.PolicyLoss loss(
      TrainingCore core, PackedRows rows, Tokens tokens, int divisor) {
    float[] weights = new float[tokens.count()];
    Arrays.fill(weights, 1f / divisor);
    PolicyTargets targets =
        new PolicyTargets(
            lengths(tokens.places()),
            tokens.advantage(),
            tokens.old(),
            new float[tokens.count()],
            tokens.old(),
            tokens.reference(),
            weights);
    return core.policy(rows, targets, objective);
  }

  /** Tokens of each row that has any, in order. */
  private List<Integer> lengths(int[] places) {
    Map<Integer, Integer> byRow = new TreeMap<>();
    for (int place : places) {
      byRow.merge(place / responseLength, 1, Integer::sum);
    }
    return List.copyOf(byRow.values());
  }

  private void logProbs(String item, String tensor, Tokens tokens, float[] ours) {
    compare.close(item, pick(tensor, tokens.places()), ours, Comparison.LOG_PROBS);
  }

  private void losses(
      String prefix, JsonNode expected, TrainingCore.PolicyLoss loss, double tolerance) {
    compare.value(
        prefix + "total_loss", GoldenJson.number(expected, "total_loss"), loss.loss(), tolerance);
    parts(prefix, expected, loss, 1, tolerance);
  }

  private void parts(
      String prefix,
      JsonNode expected,
      TrainingCore.PolicyLoss loss,
      double scale,
      double tolerance) {
    compare.value(
        prefix + "pg_loss",
        GoldenJson.number(expected, "pg_loss"),
        scale * loss.policy(),
        tolerance);
    compare.value(
        prefix + "kl_loss", GoldenJson.number(expected, "kl_loss"), scale * loss.kl(), tolerance);
    JsonNode metrics = GoldenJson.need(expected, "metrics");
    metric(prefix, metrics, "ppo_kl", scale * loss.policyKl(), tolerance);
    metric(prefix, metrics, "pg_clipfrac_higher", scale * loss.clippedHigh(), tolerance);
    metric(prefix, metrics, "pg_clipfrac_lower", scale * loss.clippedLow(), tolerance);
    metric(prefix, metrics, "entropy_loss", surprise(loss), tolerance);
  }

  /** Mean negative log-probability, which the reference reports as entropy. */
  private static double surprise(TrainingCore.PolicyLoss loss) {
    double sum = 0;
    for (float logProb : loss.logProbs()) {
      sum -= logProb;
    }
    return sum / loss.logProbs().length;
  }

  private void metric(String prefix, JsonNode metrics, String name, double ours, double tolerance) {
    compare.value(prefix + "metrics." + name, GoldenJson.number(metrics, name), ours, tolerance);
  }
}
