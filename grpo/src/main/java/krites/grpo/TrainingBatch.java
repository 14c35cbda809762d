package krites.grpo;

import java.util.List;

/**
 * What one learner step consumes.
 *
 * @param step number of the step, from 1
 * @param policy the version being trained; its successor is the step's result
 * @param groups the groups, none staler than {@code maxStaleness}
 * @param maxStaleness the bound that was promised when the batch was taken
 */
public record TrainingBatch(
    long step, PolicyVersion policy, List<TrainingGroup> groups, int maxStaleness) {
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
}
