package krites.grpo.flow;

import krites.grpo.PolicyVersion;

/** Where a group in flight is; a group that was trained or dropped has no state any more. */
public sealed interface GroupState {
  /** A rollout worker samples it. */
  record Generating(String worker) implements GroupState {}

  /** Its responses are there; {@code oldest} produced the oldest token. */
  record Scoring(PolicyVersion oldest) implements GroupState {}

  /** It may be trained. */
  record Ready(PolicyVersion oldest) implements GroupState {}

  /** It is part of the batch in training. */
  record Training(PolicyVersion oldest) implements GroupState {}
}
