package krites.grpo;

/** Why a group will not be trained. Every group that is not trained has exactly one of these. */
public enum Drop {
  /** Too old when the batch was taken; the prompt was issued again. */
  STALE,
  /** The rollout worker that held it died; the prompt was issued again. */
  WORKER_LOST,
  /** The rollout engine could not process the prompt (unreadable image, too long). */
  ROLLOUT_FAILED,
  /** The reward could not be computed. */
  REWARD_FAILED,
  /** All rewards were equal and the group filter is on. */
  FLAT,
  /** It was in flight when the run was resumed from a checkpoint; the prompt was issued again. */
  RESTARTED,
  /** More groups were issued than the step needed and it was not among the first; issued again. */
  SURPLUS,
  /** A step had trained it, but the weights of that step were lost; the prompt was issued again. */
  UNDONE
}
