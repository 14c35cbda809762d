package krites.grpo;

import java.util.List;

/**
 * How responses are drawn.
 *
 * @param groupSize responses per prompt, G
 * @param temperature divides the logits; 0 is greedy
 * @param topP keeps the smallest set of tokens with at least this probability; 1 keeps all
 * @param topK keeps this many tokens; 0 keeps all
 * @param repetitionPenalty as in transformers; 1 is none
 * @param maxNewTokens a response is cut here
 * @param stopStrings texts that end a response with the token that completes one of them
 */
public record Sampling(
    int groupSize,
    float temperature,
    float topP,
    int topK,
    float repetitionPenalty,
    int maxNewTokens,
    List<String> stopStrings) {
  public Sampling {
    stopStrings = List.copyOf(stopStrings);
    if (stopStrings.stream().anyMatch(String::isEmpty)) {
      throw new IllegalArgumentException("a stop string is empty");
    }
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

  /** Without stop strings. */
  public Sampling(
      int groupSize,
      float temperature,
      float topP,
      int topK,
      float repetitionPenalty,
      int maxNewTokens) {
    this(groupSize, temperature, topP, topK, repetitionPenalty, maxNewTokens, List.of());
  }

  /** The same with at most so many tokens. */
  public Sampling limitedTo(int tokens) {
    return new Sampling(
        groupSize,
        temperature,
        topP,
        topK,
        repetitionPenalty,
        Math.min(maxNewTokens, tokens),
        stopStrings);
  }

  /** The same with these stop strings. */
  public Sampling stoppingAt(List<String> texts) {
    return new Sampling(groupSize, temperature, topP, topK, repetitionPenalty, maxNewTokens, texts);
  }

  /** One response per prompt, the most likely token each time. */
  public static Sampling greedy(int maxNewTokens) {
    return new Sampling(1, 0f, 1f, 0, 1f, maxNewTokens);
  }
}
