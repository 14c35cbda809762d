package krites.grpo;

import java.util.List;
import java.util.Optional;

/**
 * The responses to one prompt as far as they were sampled: what a cut group hands over, and where
 * another sitting goes on.
 *
 * <p>Its tokens keep the log-probs and the versions that they were sampled with.
 */
public record PartialGroup(
    long id, Prompt prompt, EncodedPrompt encoded, List<PartialResponse> responses) {
  public PartialGroup {
    responses = List.copyOf(responses);
    if (responses.isEmpty()) {
      throw new IllegalArgumentException("partial group " + id + " has no responses");
    }
  }

  /** The oldest version that produced any token so far; empty when there is no token. */
  public Optional<PolicyVersion> oldestVersion() {
    return responses.stream()
        .map(PartialResponse::versions)
        .filter(versions -> versions.length() > 0)
        .map(TokenVersions::oldest)
        .min(PolicyVersion::compareTo);
  }

  /** Sampled tokens of all responses. */
  public int responseTokens() {
    return responses.stream().mapToInt(response -> response.ids().length()).sum();
  }
}
