package krites.grpo.flow;

/**
 * What bounds a run.
 *
 * @param steps training steps of the whole run, at least 0
 * @param groupsPerStep groups in one training batch, at least 1
 * @param maxStaleness versions that the oldest token of a trained group may be old; 0 is
 *     synchronous
 */
public record FlowLimits(long steps, int groupsPerStep, int maxStaleness) {
  public FlowLimits {
    if (steps < 0) {
      throw new IllegalArgumentException("steps " + steps + " is negative");
    }
    if (groupsPerStep < 1) {
      throw new IllegalArgumentException("groups per step " + groupsPerStep + " is below 1");
    }
    if (maxStaleness < 0) {
      throw new IllegalArgumentException("max staleness " + maxStaleness + " is negative");
    }
  }

  /** Groups that may be started and not yet ended when {@code completedSteps} are done. */
  public long admitted(long completedSteps) {
    long stepsAhead = Math.min(maxStaleness + 1L, Math.max(0, steps - completedSteps));
    return stepsAhead * groupsPerStep;
  }
}
