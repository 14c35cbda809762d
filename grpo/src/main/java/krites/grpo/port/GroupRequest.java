package krites.grpo.port;

import krites.grpo.Prompt;
import krites.grpo.Sampling;

/**
 * One group to be sampled.
 *
 * @param groupId the group's number in the ledger
 * @param prompt what to answer
 * @param sampling how
 * @param seed of all random draws of this group: the same seed gives the same responses under the
 *     same weights, whatever else is sampled beside them
 */
public record GroupRequest(long groupId, Prompt prompt, Sampling sampling, long seed) {}
