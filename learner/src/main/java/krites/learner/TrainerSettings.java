package krites.learner;

import java.util.Optional;
import krites.grpo.objective.LearningRate;
import krites.model.lora.LoraSettings;

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
 * @param microBatchTokens a micro-batch is closed before it holds more tokens than this (rows times
 *     width, so padding counts), but has at least one group
 * @param freezeVision leaves the vision tower untouched
 * @param lora adapters to train in place of the weights
 * @param memory how and where the optimizer keeps its moments
 * @param threads native threads of one operator
 */
public record TrainerSettings(
    Objective objective,
    TokenWeights averaging,
    int maxResponseTokens,
    AdamWSettings optimizer,
    LearningRate learningRate,
    int updatesPerBatch,
    int microBatchTokens,
    boolean freezeVision,
    Optional<LoraSettings> lora,
    OptimizerSettings memory,
    int threads) {
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
