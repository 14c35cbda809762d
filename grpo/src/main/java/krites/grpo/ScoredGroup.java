package krites.grpo;

import java.util.List;

/** A group with one reward per response. */
public record ScoredGroup(Group group, List<Reward> rewards) {
  public ScoredGroup {
    rewards = List.copyOf(rewards);
    if (rewards.size() != group.responses().size()) {
      throw new IllegalArgumentException(
          rewards.size()
              + " rewards for "
              + group.responses().size()
              + " responses of group "
              + group.id());
    }
  }

  public long id() {
    return group.id();
  }
}
