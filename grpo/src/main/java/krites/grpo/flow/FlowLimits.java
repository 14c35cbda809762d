package krites.grpo.flow;

/**
 * What bounds a run.
 *
 * @param steps training steps of the whole run, at least 0
 * @param groupsPerStep groups in one training batch, at least 1
 * @param maxStaleness versions that the oldest token of a trained group may be old; 0 is
 *     synchronous
 * @param overIssue groups started beyond what the staleness limit can use, so that a step takes the
 *     first that are complete instead of waiting for stragglers; at least 0
 * @param retryBudget how often one prompt is issued again for reasons of ours before it is set
 *     aside, at least 1
 * @param poisonLimit how many workers may die under one prompt before it is set aside, at least 1
 */
public record FlowLimits(
    long steps,
    int groupsPerStep,
    int maxStaleness,
    int overIssue,
    int retryBudget,
    int poisonLimit) {
  /** Far beyond chance: a prompt that came back this often will come back again. */
  public static final int RETRY_BUDGET = 20;

  /** Two deaths may be a coincidence; before the third the prompt runs alone on its worker. */
  public static final int POISON_LIMIT = 3;

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
    if (overIssue < 0) {
      throw new IllegalArgumentException("over-issue " + overIssue + " is negative");
    }
    if (retryBudget < 1 || poisonLimit < 1) {
      throw new IllegalArgumentException(
          "retry budget " + retryBudget + " or poison limit " + poisonLimit + " is below 1");
    }
  }

  /** Limits without over-issue and with the usual budgets. */
  public static FlowLimits of(long steps, int groupsPerStep, int maxStaleness) {
    return new FlowLimits(steps, groupsPerStep, maxStaleness, 0, RETRY_BUDGET, POISON_LIMIT);
  }

  /** The same limits with another staleness. */
  public FlowLimits withMaxStaleness(int other) {
    return new FlowLimits(steps, groupsPerStep, other, overIssue, retryBudget, poisonLimit);
  }

  /** Groups that may be started and not yet ended when {@code completedSteps} are done. */
  public long admitted(long completedSteps) {
    long stepsAhead = Math.min(maxStaleness + 1L, Math.max(0, steps - completedSteps));
    return stepsAhead == 0 ? 0 : stepsAhead * groupsPerStep + overIssue;
  }
}
