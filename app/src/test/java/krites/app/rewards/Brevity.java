package krites.app.rewards;

import java.util.Map;
import krites.grpo.Prompt;
import krites.grpo.Response;
import krites.grpo.Reward;
import krites.grpo.port.RewardFunction;

/** The example of docs/rewards.md: a response earns more the shorter it is, down to nothing. */
public final class Brevity implements RewardFunction {
  private final int letters;

  public Brevity(Map<String, String> options) {
    letters = Integer.parseInt(options.getOrDefault("letters", "100"));
  }

  @Override
  public Reward score(Prompt prompt, Response response) {
    double used = Math.min(1, response.text().length() / (double) letters);
    return new Reward(1 - used, Map.of("used_share", used));
  }
}
