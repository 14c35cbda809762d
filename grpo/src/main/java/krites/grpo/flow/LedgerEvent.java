package krites.grpo.flow;

import java.util.List;
import krites.grpo.Drop;
import krites.grpo.PolicyVersion;

/**
 * A fact of a run. The list of these is the journal: applied in order to a new {@link RunLedger}
 * they give its state again, and they are at once the audit, the replay and the trace of a
 * simulation.
 */
public sealed interface LedgerEvent {
  /**
   * The first fact of every run.
   *
   * @param runSeed the seed that all others derive from
   * @param prompts prompts of the training set
   * @param mix how its parts are issued
   * @param limits what bounds the run
   * @param version of the weights that it starts with
   */
  record RunStarted(
      long runSeed, long prompts, PromptMix mix, FlowLimits limits, PolicyVersion version)
      implements LedgerEvent {}

  /**
   * The run goes on from the weights of a checkpoint. What steps after it had trained is undone: it
   * is not in the weights any more.
   *
   * @param step the last step that the weights contain
   * @param version of those weights, under the term of the learner that took over
   * @param limits what bounds the run from now on
   */
  record RunResumed(long step, PolicyVersion version, FlowLimits limits) implements LedgerEvent {}

  /** The weights of the current version are complete; {@code digest} names their bytes. */
  record VersionPublished(PolicyVersion version, String digest) implements LedgerEvent {}

  /** A rollout worker was asked for a group. */
  record GroupStarted(long groupId, PromptTicket ticket, String worker) implements LedgerEvent {}

  /** One more worker was asked for a group that is under way: to go on with it, or as a hedge. */
  record GroupDispatched(long groupId, String worker) implements LedgerEvent {}

  /** One of the workers that sample a group is not expected to return it any more. */
  record CopyLost(long groupId, String worker) implements LedgerEvent {}

  /**
   * A worker handed a group back unfinished, to be gone on with.
   *
   * @param oldest the version that made its oldest token
   */
  record GroupCut(long groupId, String worker, PolicyVersion oldest) implements LedgerEvent {}

  /**
   * All responses of a group are there.
   *
   * @param oldest the version that made its oldest token
   * @param tokens sampled tokens of all responses
   */
  record GroupGenerated(long groupId, String worker, PolicyVersion oldest, int tokens)
      implements LedgerEvent {}

  /** All responses have a reward, and the group may be trained. */
  record GroupReady(long groupId) implements LedgerEvent {}

  /** A group ended without being trained. */
  record GroupDropped(long groupId, Drop reason) implements LedgerEvent {}

  /**
   * A prompt is not issued any more.
   *
   * @param ticket the place that is given up
   * @param prompt its index in the training set
   * @param reason one line for a person
   */
  record PromptSetAside(PromptTicket ticket, long prompt, String reason) implements LedgerEvent {}

  /** A batch went to the learner; {@code policy} is the version being trained. */
  record BatchTaken(long step, PolicyVersion policy, List<Long> groupIds) implements LedgerEvent {
    public BatchTaken {
      groupIds = List.copyOf(groupIds);
    }
  }

  /** The learner completed the step of the batch that was taken; {@code version} is its result. */
  record StepTrained(long step, PolicyVersion version) implements LedgerEvent {}

  /** A checkpoint of a completed step lies safely on disk. */
  record CheckpointWritten(long step) implements LedgerEvent {}

  /**
   * Somebody changed a setting of the running job.
   *
   * @param key the key of the configuration
   * @param before its value until now, as text
   * @param after its value from now on, as text
   * @param from the first version that is trained under it
   * @param limits what bounds the run from now on
   */
  record SettingChanged(
      String key, String before, String after, PolicyVersion from, FlowLimits limits)
      implements LedgerEvent {}

  /** The last fact of a run, or of a part of it that ended in order; {@code outcome} says how. */
  record RunEnded(String outcome) implements LedgerEvent {}
}
