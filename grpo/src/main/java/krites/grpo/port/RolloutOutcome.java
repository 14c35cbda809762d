package krites.grpo.port;

import krites.grpo.Group;
import krites.grpo.PartialGroup;

/** How a requested group ended in the engine. */
public sealed interface RolloutOutcome {
  long groupId();

  /** All responses are there. */
  record Finished(Group group) implements RolloutOutcome {
    @Override
    public long groupId() {
      return group.id();
    }
  }

  /** The token budget is used up and a response is not complete; another sitting may go on. */
  record Cut(PartialGroup partial) implements RolloutOutcome {
    @Override
    public long groupId() {
      return partial.id();
    }
  }

  /** The prompt cannot be processed; {@code reason} is one line for a person. */
  record Failed(long groupId, String reason) implements RolloutOutcome {}
}
