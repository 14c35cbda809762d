package krites.grpo;

import java.util.List;

/** The responses to one prompt, complete: what a rollout produces. */
public record Group(long id, Prompt prompt, EncodedPrompt encoded, List<Response> responses) {
  public Group {
    responses = List.copyOf(responses);
    if (responses.isEmpty()) {
      throw new IllegalArgumentException("group " + id + " has no responses");
    }
  }

  /** The oldest version that produced any token of the group; staleness counts from it. */
  public PolicyVersion oldestVersion() {
    return responses.stream().map(Response::first).min(PolicyVersion::compareTo).orElseThrow();
  }

  /** Sampled tokens of all responses. */
  public int responseTokens() {
    return responses.stream().mapToInt(response -> response.ids().length()).sum();
  }
}
