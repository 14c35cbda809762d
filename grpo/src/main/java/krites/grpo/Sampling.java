package krites.grpo;

/**
 * How responses are drawn.
 *
 * @param groupSize responses per prompt, G
 * @param temperature divides the logits; 0 is greedy
 * @param topP keeps the smallest set of tokens with at least this probability; 1 keeps all
 * @param topK keeps this many tokens; 0 keeps all
 * @param repetitionPenalty as in transformers; 1 is none
 * @param maxNewTokens a response is cut here
 */
public record Sampling(
    int groupSize,
    float temperature,
    float topP,
    int topK,
    float repetitionPenalty,
    int maxNewTokens) {
  public Sampling {
    if (groupSize < 1) {
      throw new IllegalArgumentException("group size " + groupSize + " is below 1");
    }
    if (!(temperature >= 0) || !Float.isFinite(temperature)) {
      throw new IllegalArgumentException(
          "temperature " + temperature + " is not a number of at least 0");
    }
    if (!(topP > 0 && topP <= 1)) {
      throw new IllegalArgumentException("top-p " + topP + " is not in (0, 1]");
    }
    if (topK < 0) {
      throw new IllegalArgumentException("top-k " + topK + " is negative");
    }
    if (!(repetitionPenalty > 0)) {
      throw new IllegalArgumentException(
          "repetition penalty " + repetitionPenalty + " is not above 0");
    }
    if (maxNewTokens < 1) {
      throw new IllegalArgumentException("max new tokens " + maxNewTokens + " is below 1");
    }
  }

  /** One response per prompt, the most likely token each time. */
  public static Sampling greedy(int maxNewTokens) {
    return new Sampling(1, 0f, 1f, 0, 1f, maxNewTokens);
  }
}
