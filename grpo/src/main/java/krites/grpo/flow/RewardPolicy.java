package krites.grpo.flow;

import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import krites.grpo.Group;
import krites.grpo.Reward;
import krites.grpo.ScoredGroup;

/**
 * How long a run waits for rewards, how often it asks again, and what becomes of a group that gets
 * none.
 *
 * @param deadline time that a worker has for one group, counted from the moment it is sent; above 0
 * @param attempts tries before a group is given up, at least 1
 * @param breakerFailures failed tries in a row that open the circuit, so that a reward that is
 *     broken for all is not asked for each; 0 is no circuit breaker
 * @param breakerCooldown time that the circuit stays open before one group is tried again; above 0
 * @param onFailure what becomes of a group without a reward
 * @param defaultReward total that {@link OnFailure#DEFAULT} gives to each response; finite
 */
public record RewardPolicy(
    Duration deadline,
    int attempts,
    int breakerFailures,
    Duration breakerCooldown,
    OnFailure onFailure,
    double defaultReward) {
  /** What becomes of a group without a reward. */
  public enum OnFailure {
    /** It is not trained. */
    DROP,
    /** Each response gets the default reward, marked by the term {@link #DEFAULT_TERM}. */
    DEFAULT
  }

  /** The term, always 1, that only a default reward has; a reward function must not use it. */
  public static final String DEFAULT_TERM = "default";

  /**
   * A minute for a group, which a rule needs milliseconds for; a second try, because a second
   * worker may succeed where one died, while a third tells nothing new; no breaker, because a
   * reward that fails for every group then ends the run with its reason.
   */
  public static final RewardPolicy STANDARD =
      new RewardPolicy(Duration.ofMinutes(1), 2, 0, Duration.ofSeconds(30), OnFailure.DROP, 0);

  public RewardPolicy {
    require(!deadline.isNegative() && !deadline.isZero(), "reward deadline " + deadline);
    require(attempts >= 1, "attempts at a reward: " + attempts);
    require(breakerFailures >= 0, "failures that open the circuit: " + breakerFailures);
    require(
        !breakerCooldown.isNegative() && !breakerCooldown.isZero(),
        "cooldown of the circuit " + breakerCooldown);
    require(Double.isFinite(defaultReward), "default reward " + defaultReward);
  }

  /** The group with the default reward for each response; empty when groups are dropped instead. */
  public Optional<ScoredGroup> byDefault(Group group) {
    Reward reward = new Reward(defaultReward, Map.of(DEFAULT_TERM, 1.0));
    return switch (onFailure) {
      case DROP -> Optional.empty();
      case DEFAULT ->
          Optional.of(
              new ScoredGroup(group, Collections.nCopies(group.responses().size(), reward)));
    };
  }

  /** Whether a reward was given because there was no real one. */
  public static boolean isDefault(Reward reward) {
    return reward.terms().containsKey(DEFAULT_TERM);
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw new IllegalArgumentException(what + " is out of range");
    }
  }
}
