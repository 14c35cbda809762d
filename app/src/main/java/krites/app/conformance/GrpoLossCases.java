package krites.app.conformance;

import static krites.app.conformance.GoldenJson.flatten;
import static krites.app.conformance.GoldenJson.integers;
import static krites.app.conformance.GoldenJson.need;
import static krites.app.conformance.GoldenJson.number;
import static krites.app.conformance.GoldenJson.table;
import static krites.app.conformance.GoldenJson.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleBinaryOperator;
import krites.grpo.objective.Aggregation;
import krites.grpo.objective.CispoObjective;
import krites.grpo.objective.ClippedObjective;
import krites.grpo.objective.KlEstimate;
import krites.grpo.objective.LogRatioGuard;
import krites.grpo.objective.PolicyLoss;
import krites.grpo.objective.PolicyObjective;
import krites.grpo.objective.PolicyTokens;
import krites.grpo.objective.RatioLevel;
import krites.grpo.objective.SapoObjective;
import krites.grpo.objective.TokenDistribution;
import krites.grpo.objective.TokenMask;
import krites.grpo.objective.ValueLoss;

/** Golden cases about losses, divergences and log-probs. */
final class GrpoLossCases {
  private static final Aggregation TOKEN_MEAN = new Aggregation.TokenMean();
  private static final JsonNode NO_COUNTS = JsonNodeFactory.instance.objectNode();
  private static final List<String> CRITIC_PARAMETERS =
      List.of("clip_ratio_low", "clip_ratio_high", "clip_ratio_dual");
  private static final List<String> EASYR1_PARAMETERS =
      List.of(
          "clip_ratio_low",
          "clip_ratio_high",
          "clip_ratio_dual",
          "loss_type",
          "loss_avg_mode",
          "tau_positive",
          "tau_negative");
  private static final List<String> VERL_PARAMETERS =
      List.of(
          "clip_ratio",
          "clip_ratio_low",
          "clip_ratio_high",
          "clip_ratio_c",
          "loss",
          "loss_agg_mode",
          "tau_pos",
          "tau_neg");

  private GrpoLossCases() {}

  static void kl(JsonNode golden, GoldenComparison comparison) {
    double[][] logProbs = table(golden, "log_probs");
    double[][] refLogProbs = table(golden, "ref_log_probs");
    JsonNode expected = need(golden, "kl");
    if (text(golden, "kl_penalty").equals("full")) {
      double[] full = new double[logProbs.length];
      for (int i = 0; i < full.length; i++) {
        full[i] = KlEstimate.full(logProbs[i], refLogProbs[i]);
      }
      comparison.compare("kl", expected, full);
      return;
    }
    KlEstimate estimate = KlEstimate.named(text(golden, "kl_penalty"));
    comparison.compare("kl", expected, zip(logProbs, refLogProbs, estimate::value));
    if (golden.has("grad_log_probs_of_weighted_sum")) {
      double[][] slopes = zip(logProbs, refLogProbs, estimate::gradient);
      double[][] gradient =
          zip(slopes, table(golden, "weights"), (slope, weight) -> slope * weight);
      comparison.compare("gradient", golden.get("grad_log_probs_of_weighted_sum"), gradient);
    }
  }

  static void policyLoss(String source, JsonNode golden, GoldenComparison comparison) {
    JsonNode parameters = need(golden, "params");
    JsonNode inputs = need(golden, "inputs");
    TokenMask mask = TokenMask.of(integers(inputs, "response_mask"));
    PolicyTokens tokens =
        PolicyTokens.of(
            table(inputs, "old_log_probs"),
            table(inputs, "log_probs"),
            table(inputs, "advantages"),
            mask);
    Aggregation aggregation = aggregation(source, parameters, mask);
    PolicyObjective objective = objective(source, parameters);
    PolicyLoss loss = objective.evaluate(tokens, aggregation);
    comparison.compare("loss", need(golden, "loss"), loss.value());
    comparison.compare("gradient", need(golden, "grad_log_probs"), loss.gradient());
    JsonNode metrics = need(golden, "metrics");
    metrics
        .fieldNames()
        .forEachRemaining(
            metric -> {
              double actual =
                  switch (metric) {
                    case "pg_clipfrac_higher", "actor/pg_clipfrac" -> loss.clipFractionHigh();
                    case "pg_clipfrac_lower", "actor/pg_clipfrac_lower" -> loss.clipFractionLow();
                    case "ppo_kl", "actor/ppo_kl" -> loss.ppoKl();
                    case "entropy_loss" -> -aggregation.apply(tokens.logProbs(), mask);
                    default ->
                        throw new IllegalArgumentException("unknown metric '" + metric + "'");
                  };
              comparison.compare(metric, metrics.get(metric), actual);
            });
  }

  /** The average that a reference takes of its policy loss. */
  static Aggregation aggregation(String source, JsonNode parameters, TokenMask mask) {
    return switch (source) {
      case "critic" -> TOKEN_MEAN;
      case "easyr1" -> easyR1Aggregation(text(parameters, "loss_avg_mode"));
      default -> verlPolicyAggregation(parameters, mask);
    };
  }

  /** The policy loss of a reference under the parameters of a case. */
  static PolicyObjective objective(String source, JsonNode parameters) {
    return switch (source) {
      case "critic" -> criticObjective(parameters);
      case "easyr1" -> easyR1Objective(parameters);
      default -> verlObjective(parameters);
    };
  }

  private static PolicyObjective criticObjective(JsonNode parameters) {
    GoldenJson.onlyKeys(parameters, "parameter", CRITIC_PARAMETERS);
    return clipped(parameters, "clip_ratio_dual", RatioLevel.TOKEN, LogRatioGuard.NONE);
  }

  private static PolicyObjective easyR1Objective(JsonNode parameters) {
    GoldenJson.onlyKeys(parameters, "parameter", EASYR1_PARAMETERS);
    LogRatioGuard guard = LogRatioGuard.EASYR1;
    return switch (text(parameters, "loss_type")) {
      case "default" -> clipped(parameters, "clip_ratio_dual", RatioLevel.TOKEN, guard);
      case "gspo" -> clipped(parameters, "clip_ratio_dual", RatioLevel.SEQUENCE, guard);
      case "gspo_token" ->
          clipped(parameters, "clip_ratio_dual", RatioLevel.SEQUENCE_VALUE_TOKEN_GRADIENT, guard);
      case "cispo" ->
          new CispoObjective(
              number(parameters, "clip_ratio_low"), number(parameters, "clip_ratio_high"), guard);
      case "sapo" ->
          new SapoObjective(
              number(parameters, "tau_positive"), number(parameters, "tau_negative"), guard);
      default ->
          throw new IllegalArgumentException(
              "unknown loss type '" + text(parameters, "loss_type") + "'");
    };
  }

  private static PolicyObjective verlObjective(JsonNode parameters) {
    GoldenJson.onlyKeys(parameters, "parameter", VERL_PARAMETERS);
    double both = number(parameters, "clip_ratio", 0.2);
    double low = number(parameters, "clip_ratio_low", both);
    double high = number(parameters, "clip_ratio_high", both);
    double none = Double.POSITIVE_INFINITY;
    return switch (text(parameters, "loss")) {
      case "vanilla" ->
          new ClippedObjective(
              low,
              high,
              number(parameters, "clip_ratio_c", 3),
              RatioLevel.TOKEN,
              LogRatioGuard.VERL);
      case "gspo" ->
          new ClippedObjective(
              low,
              high,
              none,
              RatioLevel.SEQUENCE_VALUE_TOKEN_GRADIENT,
              LogRatioGuard.VERL_SEQUENCE);
      case "cispo" -> new CispoObjective(low, high, LogRatioGuard.VERL);
      case "sapo" ->
          new SapoObjective(
              number(parameters, "tau_pos"), number(parameters, "tau_neg"), LogRatioGuard.VERL);
      default ->
          throw new IllegalArgumentException("unknown loss '" + text(parameters, "loss") + "'");
    };
  }

  private static ClippedObjective clipped(
      JsonNode parameters, String dual, RatioLevel level, LogRatioGuard guard) {
    return new ClippedObjective(
        number(parameters, "clip_ratio_low"),
        number(parameters, "clip_ratio_high"),
        number(parameters, dual),
        level,
        guard);
  }

  private static Aggregation easyR1Aggregation(String mode) {
    return switch (mode) {
      case "token" -> TOKEN_MEAN;
      case "seq" ->
          new Aggregation.SequenceMean(Aggregation.Within.MEAN, new Aggregation.Rows.Every());
      default -> throw new IllegalArgumentException("unknown loss_avg_mode '" + mode + "'");
    };
  }

  /** verl aggregates gspo and sapo per sequence, whatever the mode says. */
  private static Aggregation verlPolicyAggregation(JsonNode parameters, TokenMask mask) {
    boolean perSequence = List.of("gspo", "sapo").contains(text(parameters, "loss"));
    String mode = perSequence ? "seq-mean-token-mean" : text(parameters, "loss_agg_mode");
    return verlAggregation(mode, NO_COUNTS, mask);
  }

  private static Aggregation verlAggregation(String mode, JsonNode counts, TokenMask mask) {
    int workers = (int) number(counts, "dp_size", 1);
    switch (mode) {
      case "token-mean" -> {
        GoldenJson.onlyKeys(counts, "count", List.of("dp_size", "batch_num_tokens"));
        long tokens = (long) number(counts, "batch_num_tokens", mask.count());
        return new Aggregation.GlobalTokenMean(Math.max(1, tokens), workers);
      }
      case "seq-mean-token-sum", "seq-mean-token-mean" -> {
        GoldenJson.onlyKeys(counts, "count", List.of("dp_size", "global_batch_size"));
        Aggregation.Within within =
            mode.endsWith("sum") ? Aggregation.Within.SUM : Aggregation.Within.MEAN;
        long sequences =
            (long) number(counts, "global_batch_size", Math.max(1, mask.nonEmptyRows()));
        return new Aggregation.SequenceMean(
            within, new Aggregation.Rows.Global(sequences, workers));
      }
      case "seq-mean-token-sum-norm" -> {
        GoldenJson.onlyKeys(counts, "count", List.of("loss_scale_factor"));
        return new Aggregation.ConstantLength(number(counts, "loss_scale_factor", mask.width()));
      }
      default -> throw new IllegalArgumentException("unknown loss_agg_mode '" + mode + "'");
    }
  }

  static void aggLoss(JsonNode golden, GoldenComparison comparison) {
    TokenMask mask = TokenMask.of(integers(golden, "loss_mask"));
    Aggregation aggregation =
        verlAggregation(text(golden, "loss_agg_mode"), golden.path("kwargs"), mask);
    comparison.compare(
        "loss", need(golden, "loss"), aggregation.apply(table(golden, "loss_mat"), mask));
  }

  static void valueLoss(JsonNode golden, GoldenComparison comparison) {
    ValueLoss loss =
        ValueLoss.evaluate(
            table(golden, "vpreds"),
            table(golden, "values"),
            table(golden, "returns"),
            TokenMask.of(integers(golden, "response_mask")),
            number(golden, "cliprange_value"),
            easyR1Aggregation(text(golden, "loss_avg_mode")));
    comparison.compare("loss", need(golden, "loss"), loss.value());
    comparison.compare("gradient", need(golden, "grad_vpreds"), loss.gradient());
    JsonNode metrics = need(golden, "metrics");
    comparison.compare("vf_clipfrac", need(metrics, "vf_clipfrac"), loss.clipFraction());
    comparison.compare("vpred_mean", need(metrics, "vpred_mean"), loss.predictionMean());
  }

  static void logProbs(JsonNode golden, GoldenComparison comparison) {
    double[][] logits = table(golden, "logits");
    int[] labels = GoldenJson.integers(GoldenJson.numbers(need(golden, "labels")));
    double[] logProbs = new double[labels.length];
    for (int k = 0; k < labels.length; k++) {
      logProbs[k] = TokenDistribution.logProbs(logits[k], 1)[labels[k]];
    }
    comparison.compare("log_probs", need(golden, "log_probs"), logProbs);
    double[] weights = GoldenJson.numbers(need(golden, "weights"));
    double[][] gradient = new double[labels.length][];
    for (int k = 0; k < labels.length; k++) {
      double weight = weights[k];
      double[] ofLabel = TokenDistribution.logProbGradient(logits[k], labels[k], 1);
      gradient[k] = Arrays.stream(ofLabel).map(slope -> slope * weight).toArray();
    }
    comparison.compare("gradient", need(golden, "grad_logits_of_weighted_sum"), flatten(gradient));
  }

  static void entropy(JsonNode golden, GoldenComparison comparison) {
    double[][] logits = table(golden, "logits");
    int[][] maskRows = integers(golden, "response_mask");
    TokenMask mask = TokenMask.of(maskRows);
    double[][] entropies = new double[maskRows.length][];
    int next = 0;
    for (int i = 0; i < entropies.length; i++) {
      entropies[i] = new double[maskRows[i].length];
      for (int t = 0; t < entropies[i].length; t++) {
        entropies[i][t] = TokenDistribution.entropy(logits[next++], 1);
      }
    }
    comparison.compare("token_entropy", need(golden, "token_entropy"), entropies);
    golden
        .fieldNames()
        .forEachRemaining(
            item -> {
              if (item.startsWith("entropy_loss_")) {
                String mode = item.substring("entropy_loss_".length()).replace('_', '-');
                Aggregation aggregation = verlAggregation(mode, NO_COUNTS, mask);
                comparison.compare(item, golden.get(item), aggregation.apply(entropies, mask));
              }
            });
  }

  private static double[][] zip(double[][] left, double[][] right, DoubleBinaryOperator combine) {
    double[][] table = new double[left.length][];
    for (int i = 0; i < left.length; i++) {
      table[i] = new double[left[i].length];
      for (int t = 0; t < left[i].length; t++) {
        table[i][t] = combine.applyAsDouble(left[i][t], right[i][t]);
      }
    }
    return table;
  }
}
