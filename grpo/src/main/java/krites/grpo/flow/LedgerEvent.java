package krites.grpo.flow;

import java.util.List;
import krites.grpo.Drop;
import krites.grpo.PolicyVersion;

/**
 * A fact about the groups of a run. The list of these is the journal of the run: applied in order
 * to a new {@link RunLedger} they give its state again.
 */
public sealed interface LedgerEvent {
  /** A rollout worker was asked for a group. */
  record GroupStarted(long groupId, PromptTicket ticket, String worker) implements LedgerEvent {}

  /** All responses of a group are there. */
  record GroupGenerated(long groupId, PolicyVersion oldest) implements LedgerEvent {}

  /** All responses have a reward, and the group may be trained. */
  record GroupReady(long groupId) implements LedgerEvent {}

  /** A group ended without being trained. */
  record GroupDropped(long groupId, Drop reason) implements LedgerEvent {}

  /** A batch went to the learner; {@code policy} is the version being trained. */
  record BatchTaken(long step, PolicyVersion policy, List<Long> groupIds) implements LedgerEvent {
    public BatchTaken {
      groupIds = List.copyOf(groupIds);
    }
  }

  /** The learner completed the step of the batch that was taken; {@code version} is its result. */
  record StepTrained(long step, PolicyVersion version) implements LedgerEvent {}
}
