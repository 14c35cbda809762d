package krites.app.conformance;

import static krites.app.conformance.GoldenJson.need;
import static krites.app.conformance.GoldenJson.number;
import static krites.app.conformance.GoldenJson.numbers;
import static krites.app.conformance.GoldenJson.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import krites.grpo.objective.AdamSettings;
import krites.grpo.objective.CompensatedAdamW;
import krites.grpo.objective.GradientClip;
import krites.grpo.objective.KlController;
import krites.grpo.objective.LearningRate;
import krites.grpo.objective.PlainAdamW;
import krites.grpo.objective.Precision;

/** Golden cases about optimizers and what changes from step to step. */
final class GrpoOptimizerCases {
  private static final Pattern ADAPTIVE_KL =
      Pattern.compile(
          "AdaptiveKLController\\(init_kl_coef=([^,]+),\\s*target_kl=([^,]+),\\s*horizon=([^)]+)\\)");

  /** One step of bfloat16, relative to the value. */
  private static final double BFLOAT16_STEP = 0.008;

  private GrpoOptimizerCases() {}

  static void schedule(JsonNode golden, GoldenComparison comparison) {
    String what = text(golden, "what");
    if (what.startsWith("AdaptiveKLController")) {
      adaptiveKl(what, golden, comparison);
      return;
    }
    JsonNode arguments = need(golden, "args");
    double base = number(golden, "base_lr");
    long warmup = (long) number(arguments, "num_warmup_steps");
    LearningRate schedule =
        switch (what) {
          case "constant schedule" -> {
            GoldenJson.onlyKeys(arguments, "argument", List.of("num_warmup_steps"));
            yield new LearningRate.Constant(base, warmup);
          }
          case "cosine schedule" -> {
            List<String> known =
                List.of("num_warmup_steps", "num_training_steps", "min_lr_ratio", "init_lr_ratio");
            GoldenJson.onlyKeys(arguments, "argument", known);
            long total = (long) number(arguments, "num_training_steps");
            double minRatio = number(arguments, "min_lr_ratio", 0);
            yield new LearningRate.Cosine(
                base, warmup, total, minRatio, number(arguments, "init_lr_ratio", 0));
          }
          default -> throw new IllegalArgumentException("unknown schedule '" + what + "'");
        };
    double[] rates = new double[need(golden, "lr_at_step").size()];
    for (int step = 0; step < rates.length; step++) {
      rates[step] = schedule.at(step);
    }
    comparison.compareScaled(
        "lr_at_step", golden.get("lr_at_step"), GoldenComparison.TOLERANCE, base, rates);
  }

  private static void adaptiveKl(String what, JsonNode golden, GoldenComparison comparison) {
    Matcher values = ADAPTIVE_KL.matcher(what);
    if (!values.matches()) {
      throw new IllegalArgumentException("cannot read the values of '" + what + "'");
    }
    double initial = Double.parseDouble(values.group(1));
    double target = Double.parseDouble(values.group(2));
    KlController controller =
        new KlController.Adaptive(initial, target, Double.parseDouble(values.group(3)));
    for (JsonNode step : need(golden, "steps")) {
      controller = controller.after(number(step, "current_kl"), (long) number(step, "n_steps"));
      JsonNode expected = need(step, "kl_coef_after");
      comparison.compareScaled(
          "kl_coef_after", expected, GoldenComparison.TOLERANCE, initial, controller.coefficient());
    }
  }

  /** One parameter's optimizer, whichever it is. */
  private interface Step {
    void apply(float[] weights, float[] gradient, double learningRate);
  }

  static void adamW(JsonNode golden, GoldenComparison comparison) {
    String name = text(golden, "name");
    Precision precision =
        switch (text(golden, "dtype")) {
          case "float32" -> Precision.FLOAT32;
          case "bfloat16" -> Precision.BFLOAT16;
          default ->
              throw new IllegalArgumentException("unknown dtype '" + text(golden, "dtype") + "'");
        };
    boolean anyPrecision = name.contains("AnyPrecisionAdamW");
    if (!anyPrecision && (!name.startsWith("adamw") || precision != Precision.FLOAT32)) {
      throw new IllegalArgumentException(
          "unknown optimizer '" + name + "' in " + text(golden, "dtype"));
    }
    boolean compensated = name.contains("Kahan") && !name.contains("no Kahan");
    double[] betas = numbers(need(golden, "betas"));
    AdamSettings settings =
        new AdamSettings(betas[0], betas[1], number(golden, "eps"), number(golden, "weight_decay"));
    List<float[]> weights = arrays(need(golden, "init"));
    List<Step> optimizers = new ArrayList<>();
    for (float[] parameter : weights) {
      optimizers.add(
          anyPrecision
              ? new CompensatedAdamW(parameter.length, settings, precision, compensated)::step
              : new PlainAdamW(parameter.length, settings)::step);
    }
    runSteps(golden, weights, optimizers, precision, comparison);
  }

  private static void runSteps(
      JsonNode golden,
      List<float[]> weights,
      List<Step> optimizers,
      Precision precision,
      GoldenComparison comparison) {
    double learningRate = number(golden, "lr");
    boolean low = precision == Precision.BFLOAT16;
    double tolerance = low ? BFLOAT16_STEP : GoldenComparison.TOLERANCE;
    int number = 0;
    for (JsonNode step : need(golden, "steps")) {
      number++;
      List<float[]> gradients = arrays(need(step, "grads"));
      double limit = number(step, "clip_grad_norm_to", 0);
      if (limit > 0) {
        GradientClip clip = GradientClip.clip(gradients, limit, precision);
        comparison.compareScaled(
            "step " + number + " grad_norm", need(step, "grad_norm"), tolerance, 1, clip.norm());
      }
      for (int p = 0; p < weights.size(); p++) {
        optimizers.get(p).apply(weights.get(p), gradients.get(p), learningRate);
        String item = "step " + number + " parameter " + p;
        double floor = low ? Float.MIN_NORMAL : 1;
        double[] actual = GoldenJson.doubles(weights.get(p));
        comparison.compareScaled(item, need(step, "params").get(p), tolerance, floor, actual);
      }
    }
  }

  /** One array per parameter, each of any shape. */
  private static List<float[]> arrays(JsonNode parameters) {
    List<float[]> arrays = new ArrayList<>();
    parameters.forEach(parameter -> arrays.add(GoldenJson.floats(numbers(parameter))));
    return arrays;
  }
}
