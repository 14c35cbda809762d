package krites.simulator;

import java.util.HashMap;
import java.util.Map;
import krites.grpo.LogProbs;
import krites.grpo.TokenIds;

/**
 * Token ids and log-probs of which only the length means something. All of one length are the same
 * object, so that a hundred thousand groups in flight take no memory for their texts.
 */
final class Tokens {
  private final Map<Integer, TokenIds> ids = new HashMap<>();
  private final Map<Integer, LogProbs> logProbs = new HashMap<>();

  TokenIds ids(int length) {
    return ids.computeIfAbsent(length, n -> TokenIds.of(new int[n]));
  }

  LogProbs logProbs(int length) {
    return logProbs.computeIfAbsent(length, n -> LogProbs.of(new float[n]));
  }
}
