package krites.app;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import krites.actors.EvalSet;
import krites.app.display.HeldOut;
import krites.app.run.RunHistory;
import krites.grpo.Prompt;
import krites.grpo.Reward;
import krites.grpo.Sampling;
import krites.grpo.port.GroupRequest;
import krites.grpo.port.RewardFunction;
import krites.grpo.port.RolloutEngine;
import krites.grpo.port.RolloutOutcome;

/** Asks one engine all held-out prompts, greedily, outside of any run. */
final class GreedyEvaluation {
  private GreedyEvaluation() {}

  /**
   * The shares of right answers and of the demanded layout, per set. A prompt that the engine
   * cannot process counts as wrong.
   */
  static HeldOut measure(
      RolloutEngine engine,
      RewardFunction reward,
      Map<String, EvalSet> sets,
      int maxNewTokens,
      long step) {
    HeldOut heldOut = HeldOut.none(step);
    for (Map.Entry<String, EvalSet> set : sets.entrySet()) {
      List<Reward> rewards = rewards(engine, reward, set.getValue(), Sampling.greedy(maxNewTokens));
      heldOut =
          RunHistory.with(
              heldOut,
              set.getKey(),
              share(rewards, "accuracy", set.getValue().items()),
              share(rewards, "format", set.getValue().items()));
    }
    return heldOut;
  }

  private static List<Reward> rewards(
      RolloutEngine engine, RewardFunction reward, EvalSet set, Sampling greedy) {
    List<Reward> rewards = new ArrayList<>();
    long asked = 0;
    while (asked < set.items() || engine.active() > 0) {
      while (asked < set.items() && engine.active() < engine.capacity(1)) {
        engine.start(GroupRequest.whole(asked, set.source().prompt(asked), greedy, asked));
        asked++;
      }
      for (RolloutOutcome outcome : engine.step()) {
        if (outcome instanceof RolloutOutcome.Finished(var group)) {
          Prompt prompt = group.prompt();
          rewards.add(reward.score(prompt, group.responses().getFirst()));
        }
      }
    }
    return rewards;
  }

  private static OptionalDouble share(List<Reward> rewards, String term, long items) {
    double sum =
        rewards.stream().mapToDouble(reward -> reward.terms().getOrDefault(term, 0.0)).sum();
    return OptionalDouble.of(sum / items);
  }
}
