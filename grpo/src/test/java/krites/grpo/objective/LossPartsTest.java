package krites.grpo.objective;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Divergences, aggregation, log-probs, value loss, masks and padding. */
class LossPartsTest {
  @Test
  void estimatesByHand() {
    double logProb = Math.log(0.5);
    double reference = Math.log(0.25);
    assertEquals(Math.log(2), KlEstimate.K1.value(logProb, reference), 1e-12);
    assertEquals(Math.log(2), KlEstimate.ABSOLUTE.value(reference, logProb), 1e-12);
    assertEquals(0.5 * Math.log(2) * Math.log(2), KlEstimate.K2.value(logProb, reference), 1e-12);
    assertEquals(0.5 + Math.log(2) - 1, KlEstimate.K3.value(logProb, reference), 1e-12);
  }

  @Test
  void k3IsHeldAtTenAndThenHasNoGradient() {
    assertEquals(10, KlEstimate.K3.value(-30, -1));
    assertEquals(10, KlEstimate.K3.value(-1, -50));
    assertEquals(0, KlEstimate.K3.gradient(-30, -1));
    assertEquals(0, KlEstimate.K3.gradient(-1, -50));
  }

  @ParameterizedTest
  @CsvSource({
    "k1, k1",
    "abs, abs",
    "k2, k2",
    "k3, k3",
    "k1+, k2",
    "kl+, k2",
    "abs+, k2",
    "k3+, k2",
    "low_var_kl+, k2",
    "k2+, k2",
    "mse+, k2"
  })
  void gradientsOfTheEstimatesAgreeWithFiniteDifferences(String name, String differentiated) {
    KlEstimate kl = KlEstimate.named(name);
    KlEstimate antiderivative = KlEstimate.named(differentiated);
    Random random = new Random(5);
    for (int k = 0; k < 200; k++) {
      double logProb = -4 * random.nextDouble();
      double reference = -4 * random.nextDouble();
      double up = antiderivative.value(logProb + 1e-6, reference);
      double down = antiderivative.value(logProb - 1e-6, reference);
      if (kl != KlEstimate.ABSOLUTE || Math.abs(logProb - reference) > 1e-5) {
        assertEquals(
            (up - down) / 2e-6, kl.gradient(logProb, reference), 1e-6, logProb + " " + reference);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"k1", "kl", "abs", "k2", "mse", "k3", "low_var_kl"})
  void aPlusKeepsTheValueAndNothingElseOfAnEstimate(String name) {
    KlEstimate base = KlEstimate.named(name);
    KlEstimate plus = KlEstimate.named(name + "+");
    for (long seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      double logProb = -40 * random.nextDouble();
      double reference = -40 * random.nextDouble();
      String what = name + " seed " + seed;
      assertEquals(base.value(logProb, reference), plus.value(logProb, reference), what);
      assertEquals(
          KlEstimate.K2.gradient(logProb, reference), plus.gradient(logProb, reference), what);
    }
  }

  /**
   * Why there are estimates with a plus: over the tokens of a policy, the gradient that they give
   * its logits is that of the whole divergence. K1 gives none at all, k3 that of the other
   * direction.
   */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void theExpectedGradientWithAPlusIsThatOfTheFullDivergence(long seed) {
    Random random = new Random(seed);
    double[] logits = random.doubles(5, -0.6, 0.6).toArray();
    double[] reference = TokenDistribution.logProbs(random.doubles(5, -0.6, 0.6).toArray(), 1);
    for (int v = 0; v < logits.length; v++) {
      double slope =
          (divergenceWith(logits, v, 1e-5, reference) - divergenceWith(logits, v, -1e-5, reference))
              / 2e-5;
      for (String name : List.of("k1+", "abs+", "k3+", "k2")) {
        double expected = expectedSlope(KlEstimate.named(name), logits, v, reference);
        assertEquals(slope, expected, 1e-8, name + " seed " + seed);
      }
      assertEquals(0, expectedSlope(KlEstimate.K1, logits, v, reference), 1e-12, "seed " + seed);
      double k3 = expectedSlope(KlEstimate.K3, logits, v, reference);
      assertEquals(
          Math.exp(TokenDistribution.logProbs(logits, 1)[v]) - Math.exp(reference[v]),
          k3,
          1e-12,
          "seed " + seed);
    }
  }

  private static double divergenceWith(double[] logits, int v, double step, double[] reference) {
    double[] moved = logits.clone();
    moved[v] += step;
    return KlEstimate.full(TokenDistribution.logProbs(moved, 1), reference);
  }

  /** Over the tokens of the policy: what an estimate's gradient comes to at one logit. */
  private static double expectedSlope(KlEstimate kl, double[] logits, int v, double[] reference) {
    double[] logProbs = TokenDistribution.logProbs(logits, 1);
    double sum = 0;
    for (int token = 0; token < logits.length; token++) {
      double slope = TokenDistribution.logProbGradient(logits, token, 1)[v];
      sum += Math.exp(logProbs[token]) * kl.gradient(logProbs[token], reference[token]) * slope;
    }
    return sum;
  }

  @Test
  void theExpectationOfK1AndK3IsTheFullDivergence() {
    double[] policy = TokenDistribution.logProbs(new double[] {0.3, -1, 2, 0.1}, 1);
    double[] reference = TokenDistribution.logProbs(new double[] {0.1, 0.5, 1.4, -0.2}, 1);
    double k1 = 0;
    double k3 = 0;
    for (int v = 0; v < policy.length; v++) {
      k1 += Math.exp(policy[v]) * KlEstimate.K1.value(policy[v], reference[v]);
      k3 += Math.exp(policy[v]) * KlEstimate.K3.value(policy[v], reference[v]);
    }
    assertEquals(KlEstimate.full(policy, reference), k1, 1e-12);
    assertEquals(KlEstimate.full(policy, reference), k3, 1e-12);
  }

  @Test
  void divergencesOfTheReferenceAreMatched() {
    GoldenFile.cases("easyr1_kl")
        .filter(golden -> golden.has("weights"))
        .forEach(LossPartsTest::checkKl);
  }

  private static void checkKl(JsonNode golden) {
    KlEstimate kl = KlEstimate.named(golden.get("kl_penalty").asText());
    double[] logProbs = GoldenFile.numbers(golden.get("log_probs"));
    double[] reference = GoldenFile.numbers(golden.get("ref_log_probs"));
    double[] weights = GoldenFile.numbers(golden.get("weights"));
    double[] values = new double[logProbs.length];
    double[] gradient = new double[logProbs.length];
    for (int k = 0; k < values.length; k++) {
      values[k] = kl.value(logProbs[k], reference[k]);
      gradient[k] = weights[k] * kl.gradient(logProbs[k], reference[k]);
    }
    GoldenFile.assertClose(golden.get("kl"), values, kl + " value");
    GoldenFile.assertClose(
        golden.get("grad_log_probs_of_weighted_sum"), gradient, kl + " gradient");
  }

  @Test
  void unknownEstimatesAreNamedInTheError() {
    var error = assertThrows(IllegalArgumentException.class, () -> KlEstimate.named("k4"));
    assertTrue(error.getMessage().contains("k4"), error.getMessage());
    assertThrows(IllegalArgumentException.class, () -> KlEstimate.named("k3++"));
    assertThrows(IllegalArgumentException.class, () -> KlEstimate.named("+"));
  }

  @Test
  void theMeanOverMicroBatchesDependsOnTheCutButTheGlobalTokenMeanDoesNot() {
    double[][] losses = {{1, 1, 1, 1}, {5, 0, 0, 0}};
    TokenMask whole = TokenMask.of(new int[][] {{1, 1, 1, 1}, {1, 0, 0, 0}});
    TokenMask first = TokenMask.of(new int[][] {{1, 1, 1, 1}});
    TokenMask second = TokenMask.of(new int[][] {{1, 0, 0, 0}});
    Aggregation perMicroBatch = new Aggregation.TokenMean();
    Aggregation global = new Aggregation.GlobalTokenMean(5, 1);
    assertEquals(1.8, perMicroBatch.apply(losses, whole), 1e-6);
    double cut =
        (perMicroBatch.apply(new double[][] {losses[0]}, first)
                + perMicroBatch.apply(new double[][] {losses[1]}, second))
            / 2;
    assertEquals(3, cut, 1e-6);
    assertEquals(
        global.apply(losses, whole),
        global.apply(new double[][] {losses[0]}, first)
            + global.apply(new double[][] {losses[1]}, second),
        1e-12);
    assertEquals(9.0 / 4, new Aggregation.ConstantLength(4).apply(losses, whole), 1e-12);
  }

  @Test
  void aggregationsOfTheReferenceAreMatched() {
    GoldenFile.cases("verl_agg_loss")
        .forEach(
            golden -> {
              TokenMask mask = GoldenFile.mask(golden.get("loss_mask"));
              JsonNode counts = golden.get("kwargs");
              int workers = counts.path("dp_size").asInt(1);
              long rows = counts.path("global_batch_size").asLong(mask.nonEmptyRows());
              Aggregation.Rows over = new Aggregation.Rows.Global(rows, workers);
              Aggregation aggregation =
                  switch (golden.get("loss_agg_mode").asText()) {
                    case "token-mean" ->
                        new Aggregation.GlobalTokenMean(
                            counts.path("batch_num_tokens").asLong(mask.count()), workers);
                    case "seq-mean-token-sum" ->
                        new Aggregation.SequenceMean(Aggregation.Within.SUM, over);
                    case "seq-mean-token-mean" ->
                        new Aggregation.SequenceMean(Aggregation.Within.MEAN, over);
                    default ->
                        new Aggregation.ConstantLength(
                            counts.path("loss_scale_factor").asDouble(mask.width()));
                  };
              double actual = aggregation.apply(GoldenFile.table(golden.get("loss_mat")), mask);
              GoldenFile.assertClose(
                  golden.get("loss"), actual, golden.get("loss_agg_mode") + " " + counts);
            });
  }

  @Test
  void maskedStatisticsOfTheReferenceAreMatched() {
    GoldenFile.cases("easyr1_masked")
        .forEach(
            golden -> {
              double[][] values = GoldenFile.table(golden.get("values"));
              TokenMask mask = GoldenFile.mask(golden.get("mask"));
              GoldenFile.assertClose(
                  golden.get("masked_mean"), MaskedStatistics.mean(values, mask), "mean");
              if (golden.has("masked_whiten")) {
                double variance = MaskedStatistics.variance(values, mask, true);
                GoldenFile.assertClose(golden.get("masked_var_unbiased"), variance, "variance");
                GoldenFile.assertClose(
                    golden.get("masked_whiten"), MaskedStatistics.whiten(values, mask), "whitened");
              }
            });
  }

  @Test
  void logProbsAndTheirGradientMatchTheReference() {
    GoldenFile.cases("easyr1_log_probs")
        .forEach(
            golden -> {
              double[] labels = GoldenFile.numbers(golden.get("labels"));
              double[] weights = GoldenFile.numbers(golden.get("weights"));
              double[] logits = GoldenFile.numbers(golden.get("logits"));
              int vocabulary = logits.length / labels.length;
              double[] logProbs = new double[labels.length];
              double[][] gradient = new double[labels.length][];
              for (int k = 0; k < labels.length; k++) {
                double[] row = Arrays.copyOfRange(logits, k * vocabulary, (k + 1) * vocabulary);
                logProbs[k] = TokenDistribution.logProbs(row, 1)[(int) labels[k]];
                gradient[k] = TokenDistribution.logProbGradient(row, (int) labels[k], 1);
                for (int v = 0; v < vocabulary; v++) {
                  gradient[k][v] *= weights[k];
                }
              }
              GoldenFile.assertClose(golden.get("log_probs"), logProbs, "log-probs");
              GoldenFile.assertClose(
                  golden.get("grad_logits_of_weighted_sum"), gradient, "gradient");
            });
  }

  @Test
  void entropyIsLargestWhereAllTokensAreAlike() {
    assertEquals(Math.log(4), TokenDistribution.entropy(new double[] {7, 7, 7, 7}, 1), 1e-12);
    assertEquals(0, TokenDistribution.entropy(new double[] {900, 0, 0, 0}, 1), 1e-12);
    double warm = TokenDistribution.entropy(new double[] {2, 1, 0}, 2);
    assertTrue(warm > TokenDistribution.entropy(new double[] {2, 1, 0}, 1));
  }

  @Test
  void valueLossOfTheReferenceIsMatched() {
    GoldenFile.cases("easyr1_value_loss")
        .forEach(
            golden -> {
              Aggregation aggregation =
                  golden.get("loss_avg_mode").asText().equals("token")
                      ? new Aggregation.TokenMean()
                      : new Aggregation.SequenceMean(
                          Aggregation.Within.MEAN, new Aggregation.Rows.Every());
              ValueLoss loss =
                  ValueLoss.evaluate(
                      GoldenFile.table(golden.get("vpreds")),
                      GoldenFile.table(golden.get("values")),
                      GoldenFile.table(golden.get("returns")),
                      GoldenFile.mask(golden.get("response_mask")),
                      golden.get("cliprange_value").asDouble(),
                      aggregation);
              GoldenFile.assertClose(golden.get("loss"), loss.value(), "loss");
              GoldenFile.assertClose(golden.get("grad_vpreds"), loss.gradient(), "gradient");
              GoldenFile.assertClose(
                  golden.get("metrics").get("vf_clipfrac"), loss.clipFraction(), "clipped");
            });
  }

  @Test
  void theStopTokenCountsAndNothingAfterIt() {
    GoldenFile.cases("easyr1_response_mask")
        .forEach(
            golden -> {
              double[] stops = GoldenFile.numbers(golden.get("eos_token_id"));
              int[] stopIds = Arrays.stream(stops).mapToInt(id -> (int) id).toArray();
              TokenMask mask =
                  TokenMask.untilStop(GoldenFile.integers(golden.get("response_ids")), stopIds);
              assertEquals(GoldenFile.mask(golden.get("response_mask")), mask);
            });
  }

  @Test
  void sequencesAreFittedAsTheReferenceDoes() {
    GoldenFile.cases("easyr1_postprocess_data").forEach(LossPartsTest::checkFit);
  }

  private static void checkFit(JsonNode golden) {
    FixedLength.TooLong tooLong =
        switch (golden.get("truncation").asText()) {
          case "left" -> FixedLength.TooLong.CUT_LEFT;
          case "right" -> FixedLength.TooLong.CUT_RIGHT;
          default -> FixedLength.TooLong.REFUSE;
        };
    int[][] rows = {integers(golden.get("input_ids")), integers(golden.get("attention_mask"))};
    int length = golden.get("max_length").asInt();
    int[][] positions = GoldenFile.integers(golden.get("position_ids"));
    FixedLength.Side side =
        golden.get("left_pad").asBoolean() ? FixedLength.Side.LEFT : FixedLength.Side.RIGHT;
    if (golden.get("result").isNull()) {
      var error =
          assertThrows(
              IllegalArgumentException.class,
              () -> FixedLength.fit(rows[0], rows[1], positions, length, 0, side, tooLong));
      assertEquals(golden.get("error").asText(), error.getMessage());
      return;
    }
    FixedLength fitted = FixedLength.fit(rows[0], rows[1], positions, length, 0, side, tooLong);
    assertArrayEquals(integers(golden.get("result").get("input_ids")), fitted.ids());
    assertArrayEquals(integers(golden.get("result").get("attention_mask")), fitted.mask());
    assertArrayEquals(
        GoldenFile.integers(golden.get("result").get("position_ids")), fitted.positions());
  }

  private static int[] integers(JsonNode node) {
    return Arrays.stream(GoldenFile.numbers(node)).mapToInt(value -> (int) value).toArray();
  }
}
