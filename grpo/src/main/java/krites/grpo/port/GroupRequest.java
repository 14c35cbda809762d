package krites.grpo.port;

import java.util.Optional;
import krites.grpo.PartialGroup;
import krites.grpo.Prompt;
import krites.grpo.Sampling;

/**
 * One group to be sampled.
 *
 * @param groupId the group's number in the ledger
 * @param prompt what to answer
 * @param sampling how
 * @param seed of all random draws of this group: the same seed gives the same responses under the
 *     same weights, whatever else is sampled beside them and however often they were cut
 * @param prefix responses to go on from; empty begins anew
 * @param tokenBudget new tokens per response, after which the group is cut and handed back; 0 has
 *     no limit
 */
public record GroupRequest(
    long groupId,
    Prompt prompt,
    Sampling sampling,
    long seed,
    Optional<PartialGroup> prefix,
    int tokenBudget) {
  public GroupRequest {
    if (tokenBudget < 0) {
      throw new IllegalArgumentException(
          "token budget " + tokenBudget + " of group " + groupId + " is negative");
    }
    prefix.ifPresent(partial -> requireSameGroup(partial, groupId, prompt, sampling));
  }

  /** A group from its first token to its last. */
  public static GroupRequest whole(long groupId, Prompt prompt, Sampling sampling, long seed) {
    return new GroupRequest(groupId, prompt, sampling, seed, Optional.empty(), 0);
  }

  /** The same group, beginning anew. */
  public GroupRequest fromNothing() {
    return new GroupRequest(groupId, prompt, sampling, seed, Optional.empty(), tokenBudget);
  }

  /** The same group, going on from there. */
  public GroupRequest from(PartialGroup partial) {
    return new GroupRequest(groupId, prompt, sampling, seed, Optional.of(partial), tokenBudget);
  }

  private static void requireSameGroup(
      PartialGroup partial, long groupId, Prompt prompt, Sampling sampling) {
    if (partial.id() != groupId || !partial.prompt().equals(prompt)) {
      throw new IllegalArgumentException(
          "group "
              + groupId
              + " on prompt "
              + prompt.id()
              + " cannot go on from group "
              + partial.id()
              + " on prompt "
              + partial.prompt().id());
    }
    if (partial.responses().size() != sampling.groupSize()) {
      throw new IllegalArgumentException(
          "group "
              + groupId
              + " of "
              + sampling.groupSize()
              + " responses cannot go on from "
              + partial.responses().size());
    }
  }
}
