package krites.learner;

import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * Supervised fine-tuning: the mean negative log-likelihood of the response tokens, one AdamW step
 * per batch.
 */
public final class SupervisedTrainer {
  private final TrainingCore core;
  private final AdamWSettings optimizer;
  private final int microBatchTokens;
  private final NDManager manager;

  /** What a step did: mean loss per response token before it, and the gradient norm. */
  public record Step(double loss, double gradientNorm, int tokens) {}

  /**
   * @param manager owner of the temporary tensors
   * @param microBatchTokens a micro-batch is closed before its tokens exceed this
   */
  public SupervisedTrainer(
      TrainingCore core, AdamWSettings optimizer, int microBatchTokens, NDManager manager) {
    this.core = core;
    this.optimizer = optimizer;
    this.microBatchTokens = microBatchTokens;
    this.manager = manager;
  }

  /** One step on a batch of prompts with their taught responses. */
  public Step step(List<PackedRows.Sequence> batch, double learningRate) {
    List<PackedRows.Sequence> sorted = new ArrayList<>(batch);
    sorted.sort(Comparator.comparingInt(PackedRows.Sequence::tokens));
    int targets =
        batch.stream()
            .flatMap(item -> item.responses().stream())
            .mapToInt(response -> response.length)
            .sum();
    double loss = 0;
    int from = 0;
    int tokens = 0;
    for (int at = 0; at < sorted.size(); at++) {
      if (at > from && tokens + sorted.get(at).tokens() > microBatchTokens) {
        loss += gradient(sorted.subList(from, at), targets);
        from = at;
        tokens = 0;
      }
      tokens += sorted.get(at).tokens();
    }
    loss += gradient(sorted.subList(from, sorted.size()), targets);
    TrainingCore.Update update = core.update(learningRate, optimizer);
    return new Step(loss, update.gradientNorm(), targets);
  }

  private double gradient(List<PackedRows.Sequence> items, int targets) {
    try (NDManager scope = manager.newSubManager()) {
      PackedRows rows = PackedRows.of(items, core.config(), scope);
      float[] weights = new float[rows.targets()];
      Arrays.fill(weights, 1f / targets);
      return core.supervised(rows, weights);
    }
  }
}
