package krites.learner;

import java.util.LinkedHashMap;
import java.util.Map;

/** Collects what one step says of itself; names are explained in docs/metrics.md. */
final class StepMetrics {
  private static final String[] SUMS = {
    "learner/loss",
    "learner/policy_loss",
    "learner/kl",
    "learner/entropy",
    "learner/clip_fraction_high",
    "learner/clip_fraction_low",
    "learner/policy_kl",
    "learner/importance_mean",
    "learner/mismatch_abs_mean",
  };

  private final double[] sums = new double[SUMS.length];
  private final Map<String, Double> seconds = new LinkedHashMap<>();
  private double importanceMax = Double.NEGATIVE_INFINITY;
  private double importanceMin = Double.POSITIVE_INFINITY;
  private double mismatchMax;
  private double importanceSum;
  private double importanceSquares;
  private long targets;
  private long tokens;
  private double gradientNorm;
  private double rate;
  private boolean skipped;

  void add(TrainingCore.PolicyLoss loss, double share, int targetTokens, int fedTokens) {
    for (int i = 0; i < sums.length; i++) {
      sums[i] += loss.sums()[i] * share;
    }
    float[] extremes = loss.extremes();
    importanceMax = Math.max(importanceMax, extremes[0]);
    importanceMin = Math.min(importanceMin, extremes[1]);
    mismatchMax = Math.max(mismatchMax, extremes[2]);
    importanceSum += extremes[3];
    importanceSquares += extremes[4];
    targets += targetTokens;
    tokens += fedTokens;
  }

  void update(TrainingCore.Update update, double learningRate) {
    gradientNorm = update.gradientNorm();
    rate = learningRate;
    skipped |= !update.applied();
  }

  void time(String phase, Runnable work) {
    long start = System.nanoTime();
    work.run();
    seconds.merge(phase, (System.nanoTime() - start) * 1e-9, Double::sum);
  }

  boolean skipped() {
    return skipped;
  }

  Map<String, Double> numbers() {
    Map<String, Double> numbers = new LinkedHashMap<>();
    for (int i = 0; i < SUMS.length; i++) {
      numbers.put(SUMS[i], sums[i]);
    }
    numbers.put("learner/importance_max", importanceMax);
    numbers.put("learner/importance_min", importanceMin);
    numbers.put(
        "learner/effective_sample_share",
        importanceSum * importanceSum / (importanceSquares * targets));
    numbers.put("learner/mismatch_abs_max", mismatchMax);
    numbers.put("learner/grad_norm", gradientNorm);
    numbers.put("learner/lr", rate);
    numbers.put("learner/response_tokens", (double) targets);
    numbers.put("learner/tokens", (double) tokens);
    seconds.forEach((phase, value) -> numbers.put("learner/" + phase + "_seconds", value));
    return numbers;
  }
}
