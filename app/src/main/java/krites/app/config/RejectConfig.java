package krites.app.config;

import static krites.app.config.InvalidSetting.atLeast;

/**
 * Rejection sampling: which answers to training prompts are kept.
 *
 * @param limit prompts asked, in the order of a run; 0 for as many as there are
 * @param keep most answers kept of a prompt
 * @param minReward least reward of an answer that is kept
 */
public record RejectConfig(long limit, int keep, double minReward) {
  public RejectConfig {
    atLeast("reject.limit", 0, limit);
    atLeast("reject.keep", 1, keep);
  }
}
