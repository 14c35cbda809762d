package krites.learner;

import java.util.List;

/**
 * What the policy objective reads beside the log-probabilities: columns of one number per response
 * token (M), flat, response after response.
 *
 * @param lengths tokens of each response, in order; they sum to M
 * @param advantages of each token's response
 * @param behaviour log-probabilities at sampling
 * @param staleness versions between the token and the policy being trained
 * @param old log-probabilities of the trainer before the step, or empty for the current ones
 * @param reference log-probabilities of the reference policy, or empty for none
 * @param weights how much each token counts in the averages; they sum to this micro-batch's share
 */
public record PolicyTargets(
    List<Integer> lengths,
    float[] advantages,
    float[] behaviour,
    float[] staleness,
    float[] old,
    float[] reference,
    float[] weights) {
  public PolicyTargets {
    lengths = List.copyOf(lengths);
    int tokens = lengths.stream().mapToInt(Integer::intValue).sum();
    requireLength("advantages", advantages, tokens);
    requireLength("behaviour log-probs", behaviour, tokens);
    requireLength("staleness", staleness, tokens);
    requireLength("weights", weights, tokens);
    if (old.length > 0) {
      requireLength("old log-probs", old, tokens);
    }
    if (reference.length > 0) {
      requireLength("reference log-probs", reference, tokens);
    }
  }

  /** Number of the response that each token belongs to, from 0. */
  long[] responseOfToken() {
    long[] responses = new long[advantages.length];
    int at = 0;
    for (int i = 0; i < lengths.size(); i++) {
      for (int t = 0; t < lengths.get(i); t++) {
        responses[at++] = i;
      }
    }
    return responses;
  }

  private static void requireLength(String what, float[] column, int tokens) {
    if (column.length != tokens) {
      throw new IllegalArgumentException(
          what + " " + column.length + " for " + tokens + " response tokens");
    }
  }
}
