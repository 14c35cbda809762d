package krites.app.conformance;

import static krites.app.conformance.GoldenJson.flatten;
import static krites.app.conformance.GoldenJson.integers;
import static krites.app.conformance.GoldenJson.need;
import static krites.app.conformance.GoldenJson.number;
import static krites.app.conformance.GoldenJson.table;
import static krites.app.conformance.GoldenJson.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import krites.grpo.objective.AdvantageRule;
import krites.grpo.objective.Aggregation;
import krites.grpo.objective.FixedLength;
import krites.grpo.objective.MaskedStatistics;
import krites.grpo.objective.TokenAdvantages;
import krites.grpo.objective.TokenMask;

/** Golden cases about rewards, advantages and masks. */
final class GrpoAdvantageCases {
  /**
   * Where all rewards of a group are nearly equal, the golden result is rounding divided by
   * epsilon.
   */
  private static final double ILL_CONDITIONED_TOLERANCE = 0.12;

  /** Rewards of a group this close, relative to their size, count as nearly equal. */
  private static final double NEARLY_EQUAL = 1e-2;

  private GrpoAdvantageCases() {}

  static void advantages(String source, JsonNode golden, GoldenComparison comparison) {
    JsonNode inputs = need(golden, "inputs");
    double[][] rewards = table(inputs, "token_level_rewards");
    TokenMask mask = TokenMask.of(integers(inputs, "response_mask"));
    List<String> groups = new ArrayList<>();
    need(inputs, "index").forEach(key -> groups.add(key.asText()));
    boolean illConditioned = golden.path("ill_conditioned").asBoolean(false);
    String estimator = text(golden, "estimator");
    if (estimator.equals("reinforce_plus_plus")) {
      double gamma = number(golden, "gamma");
      if (golden.has("returns")) {
        comparison.compare(
            "returns", golden.get("returns"), TokenAdvantages.returns(rewards, mask, gamma));
      }
      if (illConditioned) {
        comparison.notCompared("advantages", "ill conditioned");
      } else {
        double[][] actual = TokenAdvantages.reinforcePlusPlus(rewards, mask, gamma);
        comparison.compare("advantages", need(golden, "advantages"), actual);
      }
      return;
    }
    AdvantageRule rule = rule(source, estimator, golden);
    TokenAdvantages.SingleResponse single =
        source.equals("verl")
            ? TokenAdvantages.SingleResponse.KEEP_REWARD
            : TokenAdvantages.SingleResponse.REFUSE;
    double[][] actual = TokenAdvantages.byGroup(rule, rewards, mask, groups, single);
    List<String> items =
        golden.has("returns") ? List.of("advantages", "returns") : List.of("advantages");
    for (String item : items) {
      JsonNode expected = need(golden, item);
      if (!illConditioned) {
        comparison.compare(item, expected, actual);
        continue;
      }
      switch (rule) {
        case AdvantageRule.Standardised _, AdvantageRule.OnePassStandardised _ -> {
          double[] tolerances = tolerances(expected, rewards, groups);
          comparison.compareEach(item, expected, tolerances, flatten(actual));
        }
        // Nothing is divided by a deviation near zero: the usual tolerance holds here too.
        case AdvantageRule.Centred _, AdvantageRule.LeaveOneOut _ ->
            comparison.compare(item, expected, actual);
        case AdvantageRule.BestOnly _ -> comparison.notCompared(item, "ill conditioned");
      }
    }
  }

  private static AdvantageRule rule(String source, String estimator, JsonNode golden) {
    double epsilon = number(golden, "eps", number(golden, "epsilon", 1e-6));
    boolean byDeviation = golden.path("norm_adv_by_std_in_grpo").asBoolean(true);
    return switch (estimator) {
      case "grpo" ->
          byDeviation ? new AdvantageRule.Standardised(epsilon) : new AdvantageRule.Centred();
      case "grpo_vectorized" ->
          byDeviation
              ? new AdvantageRule.OnePassStandardised(epsilon)
              : new AdvantageRule.Centred();
      case "rloo" -> new AdvantageRule.LeaveOneOut();
      case "grpo_passk" -> new AdvantageRule.BestOnly(epsilon);
      default ->
          throw new IllegalArgumentException("unknown estimator '" + estimator + "' of " + source);
    };
  }

  /** One tolerance per token: loose in groups of nearly equal rewards, the usual one elsewhere. */
  private static double[] tolerances(JsonNode golden, double[][] rewards, List<String> groups) {
    double[][] expected = GoldenJson.vectors(golden);
    double[] sums = Arrays.stream(rewards).mapToDouble(row -> Arrays.stream(row).sum()).toArray();
    double[][] tolerances = new double[expected.length][];
    for (int i = 0; i < expected.length; i++) {
      double low = sums[i];
      double high = sums[i];
      for (int j = 0; j < sums.length; j++) {
        if (groups.get(j).equals(groups.get(i))) {
          low = Math.min(low, sums[j]);
          high = Math.max(high, sums[j]);
        }
      }
      boolean nearlyEqual =
          high - low <= NEARLY_EQUAL * Math.max(1, Math.max(Math.abs(low), Math.abs(high)));
      tolerances[i] =
          Arrays.stream(expected[i])
              .map(
                  e ->
                      nearlyEqual
                          ? ILL_CONDITIONED_TOLERANCE
                          : GoldenComparison.TOLERANCE * Math.max(1, Math.abs(e)))
              .toArray();
    }
    return flatten(tolerances);
  }

  static void computeRewards(JsonNode golden, GoldenComparison comparison) {
    double[][] actual =
        TokenAdvantages.rewardsWithKl(
            table(golden, "token_level_scores"),
            table(golden, "log_probs"),
            table(golden, "ref_log_probs"),
            number(golden, "kl_ratio"));
    comparison.compare("rewards", need(golden, "rewards"), actual);
  }

  static void masked(JsonNode golden, GoldenComparison comparison) {
    double[][] values = table(golden, "values");
    TokenMask mask = TokenMask.of(integers(golden, "mask"));
    Aggregation perSequence =
        new Aggregation.SequenceMean(Aggregation.Within.MEAN, new Aggregation.Rows.Every());
    golden
        .fieldNames()
        .forEachRemaining(
            item -> {
              JsonNode expected = golden.get(item);
              switch (item) {
                case "name", "values", "mask" -> {}
                case "masked_mean" ->
                    comparison.compare(item, expected, MaskedStatistics.mean(values, mask));
                case "masked_mean_dim_last" ->
                    comparison.compare(item, expected, MaskedStatistics.meanPerRow(values, mask));
                case "average_loss_token" ->
                    comparison.compare(
                        item, expected, new Aggregation.TokenMean().apply(values, mask));
                case "average_loss_seq" ->
                    comparison.compare(item, expected, perSequence.apply(values, mask));
                case "masked_var_unbiased" ->
                    comparison.compare(
                        item, expected, MaskedStatistics.variance(values, mask, true));
                case "masked_var_biased" ->
                    comparison.compare(
                        item, expected, MaskedStatistics.variance(values, mask, false));
                case "masked_whiten" ->
                    comparison.compare(item, expected, MaskedStatistics.whiten(values, mask));
                default ->
                    throw new IllegalArgumentException("unknown masked function '" + item + "'");
              }
            });
  }

  static void responseMask(JsonNode golden, GoldenComparison comparison) {
    int[] stopIds = GoldenJson.integers(GoldenJson.numbers(need(golden, "eos_token_id")));
    TokenMask mask = TokenMask.untilStop(integers(golden, "response_ids"), stopIds);
    double[][] actual = new double[mask.rows()][];
    for (int i = 0; i < actual.length; i++) {
      actual[i] = new double[mask.width(i)];
      for (int t = 0; t < actual[i].length; t++) {
        actual[i][t] = mask.at(i, t) ? 1 : 0;
      }
    }
    comparison.compareEqual("response_mask", need(golden, "response_mask"), flatten(actual));
  }

  static void postprocess(JsonNode golden, GoldenComparison comparison) {
    FixedLength.TooLong tooLong =
        switch (text(golden, "truncation")) {
          case "left" -> FixedLength.TooLong.CUT_LEFT;
          case "right" -> FixedLength.TooLong.CUT_RIGHT;
          case "error" -> FixedLength.TooLong.REFUSE;
          default ->
              throw new IllegalArgumentException(
                  "unknown truncation '" + text(golden, "truncation") + "'");
        };
    boolean left = need(golden, "left_pad").asBoolean();
    FixedLength fitted;
    try {
      fitted =
          FixedLength.fit(
              integers(golden, "input_ids")[0],
              integers(golden, "attention_mask")[0],
              integers(golden, "position_ids"),
              (int) number(golden, "max_length"),
              (int) number(golden, "pad_token_id"),
              left ? FixedLength.Side.LEFT : FixedLength.Side.RIGHT,
              tooLong);
    } catch (IllegalArgumentException refused) {
      comparison.compareText(
          "error", golden.path("error").asText("none"), String.valueOf(refused.getMessage()));
      return;
    }
    JsonNode result = need(golden, "result");
    comparison.compareEqual(
        "input_ids", need(result, "input_ids"), GoldenJson.doubles(fitted.ids()));
    comparison.compareEqual(
        "attention_mask", need(result, "attention_mask"), GoldenJson.doubles(fitted.mask()));
    double[][] positions =
        Arrays.stream(fitted.positions()).map(GoldenJson::doubles).toArray(double[][]::new);
    comparison.compareEqual("position_ids", need(result, "position_ids"), flatten(positions));
  }
}
