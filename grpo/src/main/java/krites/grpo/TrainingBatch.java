package krites.grpo;

import java.util.List;

/**
 * What one learner step consumes.
 *
 * @param step number of the step, from 1
 * @param policy the version being trained; its successor is the step's result
 * @param groups the groups, none staler than {@code maxStaleness}
 * @param maxStaleness the bound that was promised when the batch was taken
 * @param tuning what this step uses instead of the configured values
 */
public record TrainingBatch(
    long step, PolicyVersion policy, List<TrainingGroup> groups, int maxStaleness, Tuning tuning) {
  public TrainingBatch {
    groups = List.copyOf(groups);
    if (groups.isEmpty()) {
      throw new IllegalArgumentException("the batch of step " + step + " is empty");
    }
    for (TrainingGroup group : groups) {
      long staleness = policy.staleness(group.group().oldestVersion());
      if (staleness < 0 || staleness > maxStaleness) {
        throw new IllegalArgumentException(
            "group "
                + group.group().id()
                + " is "
                + staleness
                + " versions old in step "
                + step
                + ", the limit is "
                + maxStaleness);
      }
    }
  }

  /** A batch that is trained as configured. */
  public static TrainingBatch of(
      long step, PolicyVersion policy, List<TrainingGroup> groups, int maxStaleness) {
    return new TrainingBatch(step, policy, groups, maxStaleness, Tuning.NONE);
  }
}
