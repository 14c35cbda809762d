package krites.learner;

import java.util.Arrays;
import java.util.List;

/**
 * How token losses are averaged over the micro-batches of one optimizer step: the weight of each
 * token, so that the step's loss is the weighted sum.
 */
public enum TokenWeights {
  /** Token mean inside each micro-batch, then the mean of those: as published (LLaVA-Critic-R1). */
  MICRO_BATCH_TOKEN_MEAN,
  /** Mean over all tokens of the step (DAPO, current EasyR1). */
  TOKEN_MEAN,
  /** Mean over the tokens of each response, then over responses (GRPO, arXiv 2402.03300). */
  SEQUENCE_MEAN,
  /** Sum over tokens divided by responses times the length limit (Dr. GRPO, arXiv 2503.20783). */
  CONSTANT_LENGTH;

  /**
   * Weights of one micro-batch.
   *
   * @param lengths tokens of each of its responses
   * @param microBatches micro-batches of the step
   * @param stepTokens response tokens of the step
   * @param stepResponses responses of the step
   * @param maxTokens length limit of a response
   * @return one weight per token, responses one after the other
   */
  float[] of(
      List<Integer> lengths, int microBatches, long stepTokens, int stepResponses, int maxTokens) {
    int tokens = lengths.stream().mapToInt(Integer::intValue).sum();
    float[] weights = new float[tokens];
    switch (this) {
      case MICRO_BATCH_TOKEN_MEAN -> Arrays.fill(weights, 1f / ((float) tokens * microBatches));
      case TOKEN_MEAN -> Arrays.fill(weights, 1f / stepTokens);
      case SEQUENCE_MEAN -> {
        int at = 0;
        for (int length : lengths) {
          Arrays.fill(weights, at, at + length, 1f / ((float) length * stepResponses));
          at += length;
        }
      }
      case CONSTANT_LENGTH -> Arrays.fill(weights, 1f / ((float) stepResponses * maxTokens));
    }
    return weights;
  }
}
