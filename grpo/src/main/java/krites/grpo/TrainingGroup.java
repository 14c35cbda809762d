package krites.grpo;

import java.util.List;

/** A scored group with the advantage of each response: one prompt's share of a training batch. */
public record TrainingGroup(ScoredGroup scored, List<Double> advantages) {
  public TrainingGroup {
    advantages = List.copyOf(advantages);
    if (advantages.size() != scored.rewards().size()) {
      throw new IllegalArgumentException(
          advantages.size()
              + " advantages for "
              + scored.rewards().size()
              + " responses of group "
              + scored.id());
    }
  }

  public Group group() {
    return scored.group();
  }
}
