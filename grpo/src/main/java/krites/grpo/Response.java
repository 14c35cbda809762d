package krites.grpo;

/**
 * One sampled response.
 *
 * @param ids the sampled tokens; a stop token is included
 * @param behaviourLogProbs log-probability of each token at sampling time, under the softmax of
 *     logits / temperature over the whole vocabulary (before top-k and top-p)
 * @param finish why it ended
 * @param text the decoded text without special tokens
 * @param versions which version made each token
 */
public record Response(
    TokenIds ids,
    LogProbs behaviourLogProbs,
    FinishReason finish,
    String text,
    TokenVersions versions) {
  public Response {
    if (ids.length() == 0) {
      throw new IllegalArgumentException("a response has no tokens");
    }
    requireOnePerToken("log-probs", behaviourLogProbs.length(), ids);
    requireOnePerToken("versions", versions.length(), ids);
  }

  /** The oldest version that produced a token of it. */
  public PolicyVersion first() {
    return versions.oldest();
  }

  /** The newest version that produced a token of it. */
  public PolicyVersion last() {
    return versions.newest();
  }

  static void requireOnePerToken(String what, int count, TokenIds ids) {
    if (count != ids.length()) {
      throw new IllegalArgumentException(
          what + " " + count + " for " + ids.length() + " tokens of a response");
    }
  }
}
