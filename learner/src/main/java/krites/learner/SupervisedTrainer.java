package krites.learner;

import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import java.util.List;
import krites.grpo.TokenBudget;

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
    int targets =
        batch.stream()
            .flatMap(item -> item.responses().stream())
            .mapToInt(response -> response.length)
            .sum();
    double loss = 0;
    for (List<PackedRows.Sequence> lot :
        TokenBudget.cut(batch, PackedRows.Sequence::tokens, microBatchTokens)) {
      loss += gradient(lot, targets);
    }
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
