package krites.grpo.port;

import krites.grpo.Prompt;
import krites.grpo.Response;
import krites.grpo.Reward;

/** Scores one response. Thread safe and without side effects. */
public interface RewardFunction {
  Reward score(Prompt prompt, Response response);
}
