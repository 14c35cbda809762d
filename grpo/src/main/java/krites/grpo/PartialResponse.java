package krites.grpo;

import java.util.Optional;

/**
 * One response as far as it was sampled.
 *
 * @param ids the tokens so far, possibly none
 * @param behaviourLogProbs log-probability of each token at sampling time, as in {@link Response}
 * @param versions which version made each token
 * @param finish why it ended, if it did; a finished response is not sampled any further
 */
public record PartialResponse(
    TokenIds ids,
    LogProbs behaviourLogProbs,
    TokenVersions versions,
    Optional<FinishReason> finish) {
  public PartialResponse {
    Response.requireOnePerToken("log-probs", behaviourLogProbs.length(), ids);
    Response.requireOnePerToken("versions", versions.length(), ids);
    if (finish.isPresent() && ids.length() == 0) {
      throw new IllegalArgumentException("a response without tokens ended with " + finish.get());
    }
  }
}
