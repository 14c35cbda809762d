package krites.actors;

import krites.grpo.Sampling;
import krites.grpo.flow.FlowLimits;

/**
 * The most that the groups of a run can occupy at the orchestrator, whatever happens: admission
 * stops at a number of groups, and a group has a largest size.
 *
 * @param groups groups in flight, those in training included
 * @param bytes of their responses: token ids, log-probs and text
 */
record MemoryBound(long groups, long bytes) {
  private static final long BYTES_PER_TOKEN =
      4 + 4 + 16; // id, log-prob, and text of at most 8 characters a token in UTF-16
  private static final long BYTES_PER_RESPONSE = 512; // records, lists, spans of versions

  static MemoryBound of(FlowLimits limits, Sampling sampling) {
    long groups = limits.admitted(0);
    long response = BYTES_PER_RESPONSE + sampling.maxNewTokens() * BYTES_PER_TOKEN;
    return new MemoryBound(groups, groups * sampling.groupSize() * response);
  }

  @Override
  public String toString() {
    return "at most %d groups are in flight, with %.1f MB of responses; at most %d journal entries wait for the disk"
        .formatted(groups, bytes / 1e6, FlowJournal.MOST_UNWRITTEN);
  }
}
