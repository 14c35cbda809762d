package krites.grpo;

/**
 * One sampled response.
 *
 * @param ids the sampled tokens; a stop token is included
 * @param behaviourLogProbs log-probability of each token at sampling time, under the softmax of
 *     logits / temperature over the whole vocabulary (before top-k and top-p)
 * @param finish why it ended
 * @param text the decoded text without special tokens
 * @param first the oldest version that produced a token of it
 * @param last the newest version that produced a token of it
 */
public record Response(
    TokenIds ids,
    LogProbs behaviourLogProbs,
    FinishReason finish,
    String text,
    PolicyVersion first,
    PolicyVersion last) {
  public Response {
    if (ids.length() == 0) {
      throw new IllegalArgumentException("a response has no tokens");
    }
    if (ids.length() != behaviourLogProbs.length()) {
      throw new IllegalArgumentException(
          "log-probs "
              + behaviourLogProbs.length()
              + " for "
              + ids.length()
              + " tokens of a response");
    }
    if (first.compareTo(last) > 0) {
      throw new IllegalArgumentException(
          "a response began with " + first + " and ended with the older " + last);
    }
  }
}
