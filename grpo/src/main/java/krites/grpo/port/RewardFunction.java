package krites.grpo.port;

import java.util.List;
import krites.grpo.Prompt;
import krites.grpo.Response;
import krites.grpo.Reward;

/**
 * Scores responses. Thread safe and without side effects that a run depends on: several reward
 * workers call it at once, and a group may be scored again.
 *
 * <p>A call may block, and whatever it throws is a failed try for the group; {@code
 * docs/rewards.md} says how rewards of one's own are plugged in.
 */
@FunctionalInterface
public interface RewardFunction {
  /** Scores one response. */
  Reward score(Prompt prompt, Response response);

  /**
   * Scores the responses of a group; by default each by itself, one after the other.
   *
   * @return a reward for each response, in their order
   */
  default List<Reward> scoreAll(Prompt prompt, List<Response> responses) {
    return responses.stream().map(response -> score(prompt, response)).toList();
  }
}
