package krites.learner;

import ai.djl.Device;
import krites.grpo.objective.LearningRate;

/**
 * How the learner trains.
 *
 * @param objective the policy loss
 * @param averaging how token losses are averaged
 * @param maxResponseTokens length limit of a response, for {@link TokenWeights#CONSTANT_LENGTH}
 * @param optimizer AdamW
 * @param learningRate by step, from 0
 * @param updatesPerBatch optimizer steps per training batch; with more than one the old
 *     log-probabilities are computed before the first
 * @param microBatchTokens a micro-batch is closed before it feeds more tokens than this, but has at
 *     least one group
 * @param choice what is trained and how the network computes
 * @param threads native threads of one operator
 * @param device on which it computes
 */
public record TrainerSettings(
    Objective objective,
    TokenWeights averaging,
    int maxResponseTokens,
    AdamWSettings optimizer,
    LearningRate learningRate,
    int updatesPerBatch,
    int microBatchTokens,
    TrainingCore.Choice choice,
    int threads,
    Device device) {
  public TrainerSettings {
    if (updatesPerBatch < 1 || microBatchTokens < 1 || threads < 1) {
      throw new IllegalArgumentException(
          "updates per batch "
              + updatesPerBatch
              + ", micro-batch tokens "
              + microBatchTokens
              + " and threads "
              + threads
              + " must be at least 1");
    }
  }
}
