package krites.learner;

import java.util.Arrays;
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
  };

  /** Numbers in {@link #totals}: the sums, four counts, and those of the importance weights. */
  static final int TOTALS = SUMS.length + 4 + ImportanceCounts.VALUES;

  private final double[] sums = new double[SUMS.length];
  private final Map<String, Double> seconds = new LinkedHashMap<>();
  private final ImportanceCounts importance = new ImportanceCounts();
  private long responses;
  private long targets;
  private long tokens;
  private long fed;
  private double gradientNorm;
  private double rate;
  private boolean skipped;

  void add(TrainingCore.PolicyLoss loss, double share, MicroBatch micro, int fedTokens) {
    for (int i = 0; i < sums.length; i++) {
      sums[i] += loss.sums()[i] * share;
    }
    importance.add(loss.counts());
    responses += micro.lengths().size();
    targets += micro.tokens();
    tokens += micro.unsharedTokens();
    fed += fedTokens;
  }

  /** Everything that adds up over members, as {@link #add(double[])} takes it. */
  double[] totals() {
    double[] totals = Arrays.copyOf(sums, TOTALS);
    totals[sums.length] = responses;
    totals[sums.length + 1] = targets;
    totals[sums.length + 2] = tokens;
    totals[sums.length + 3] = fed;
    System.arraycopy(importance.values(), 0, totals, sums.length + 4, ImportanceCounts.VALUES);
    return totals;
  }

  /** Adds what another member did of the step. */
  void add(double[] totals) {
    for (int i = 0; i < sums.length; i++) {
      sums[i] += totals[i];
    }
    responses += (long) totals[sums.length];
    targets += (long) totals[sums.length + 1];
    tokens += (long) totals[sums.length + 2];
    fed += (long) totals[sums.length + 3];
    importance.add(Arrays.copyOfRange(totals, sums.length + 4, TOTALS));
  }

  void update(TrainingCore.Update update, double learningRate) {
    gradientNorm = update.gradientNorm();
    rate = learningRate;
    skipped |= !update.applied();
  }

  void time(String phase, Runnable work) {
    long start = System.nanoTime();
    work.run();
    took(phase, System.nanoTime() - start);
  }

  void took(String phase, long nanos) {
    seconds.merge(phase, nanos * 1e-9, Double::sum);
  }

  boolean skipped() {
    return skipped;
  }

  Map<String, Double> numbers() {
    Map<String, Double> numbers = new LinkedHashMap<>();
    for (int i = 0; i < SUMS.length; i++) {
      numbers.put(SUMS[i], sums[i]);
    }
    numbers.put("learner/importance_max", importance.max());
    numbers.put("learner/importance_min", importance.min());
    numbers.put("learner/effective_sample_share", importance.effectiveSampleShare());
    numbers.put("learner/truncated_token_share", importance.truncatedShare());
    numbers.put("learner/masked_token_share", importance.maskedTokenShare());
    numbers.put("learner/masked_response_share", importance.maskedResponses() / responses);
    numbers.put("learner/mismatch_abs_mean", importance.mismatchMean());
    numbers.put("learner/mismatch_abs_max", importance.mismatchMax());
    numbers.put("learner/mismatch_ratio_mean", importance.mismatchRatioMean());
    numbers.put("learner/mismatch_ratio_max", importance.mismatchRatioMax());
    numbers.put("learner/stale_token_share", importance.staleShare());
    numbers.put("learner/staleness_ratio_mean", importance.staleRatioMean());
    numbers.put("learner/staleness_ratio_min", importance.staleRatioMin());
    numbers.put("learner/staleness_ratio_max", importance.staleRatioMax());
    numbers.put("learner/grad_norm", gradientNorm);
    numbers.put("learner/lr", rate);
    numbers.put("learner/response_tokens", (double) targets);
    numbers.put("learner/tokens", (double) tokens);
    numbers.put("learner/fed_tokens", (double) fed);
    seconds.forEach((phase, value) -> numbers.put("learner/" + phase + "_seconds", value));
    return numbers;
  }
}
