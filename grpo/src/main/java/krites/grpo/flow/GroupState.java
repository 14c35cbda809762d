package krites.grpo.flow;

import java.util.List;
import krites.grpo.PolicyVersion;
import org.jspecify.annotations.Nullable;

/**
 * Where a group in flight is; a group that was trained or dropped has no state any more.
 *
 * @param phase how far it is
 * @param workers the rollout workers that sample it: one, or two when it is hedged; empty outside
 *     of {@link Phase#GENERATING}
 * @param oldest the version that made its oldest token, null while it has none that is known
 */
public record GroupState(Phase phase, List<String> workers, @Nullable PolicyVersion oldest) {
  /** The phases, in the order in which a group goes through them. */
  public enum Phase {
    /** Rollout workers sample it. */
    GENERATING,
    /** It was cut in the middle and waits for a worker to go on. */
    PARKED,
    /** Its responses are there and wait for their rewards. */
    SCORING,
    /** It may be trained. */
    READY,
    /** It is part of the batch in training. */
    TRAINING
  }

  public GroupState {
    workers = List.copyOf(workers);
    if (workers.isEmpty() == (phase == Phase.GENERATING)) {
      throw new IllegalArgumentException("a group is " + phase + " at workers " + workers);
    }
  }
}
