package krites.app.plan;

import krites.app.config.RunConfig;
import krites.model.qwen25vl.Qwen25VlConfig;

/**
 * The size of the work: how long sequences are and how many go together.
 *
 * @param promptTokens tokens of a prompt, those of its picture included
 * @param responseTokens tokens of a response
 * @param patches patches of a prompt's picture, four to a token
 * @param groupSize responses of a prompt
 * @param groups groups of an optimizer step
 * @param slots groups that a rollout worker decodes together
 * @param prefillTokens prompt tokens that a rollout worker reads at once
 * @param kvCacheBytes memory of a rollout worker for keys and values; 0 follows from the rest
 * @param microBatchTokens bound of a micro-batch, padding included
 */
public record Load(
    long promptTokens,
    long responseTokens,
    long patches,
    long groupSize,
    long groups,
    long slots,
    long prefillTokens,
    long kvCacheBytes,
    long microBatchTokens) {

  /**
   * The work of a configuration whose prompts have one picture.
   *
   * @param textTokens tokens of a prompt beside its picture
   * @param pixels of a picture as the network sees it
   */
  public static Load of(
      RunConfig config, Qwen25VlConfig network, long textTokens, long responseTokens, long pixels) {
    long side = (long) network.vision().patch() * network.vision().merge();
    long visual = Math.max(1, pixels / (side * side));
    return new Load(
        textTokens + visual,
        responseTokens,
        visual * network.vision().mergedPatches(),
        config.rollout().groupSize(),
        Math.ceilDiv(config.rollout().groupsPerStep(), config.learner().updatesPerBatch()),
        config.rollout().slots(),
        config.rollout().prefillTokens(),
        (long) config.rollout().kvCacheMib() << 20,
        config.learner().microBatchTokens());
  }

  /** Tokens of a packed row: a prompt once, with all its responses. */
  public long rowTokens() {
    return promptTokens + groupSize * responseTokens;
  }

  /** Rows of a micro-batch, one for each group; one goes through whatever its length. */
  public long rows() {
    return Math.max(1, Math.min(groups, microBatchTokens / rowTokens()));
  }

  /** Sequences that decode together. */
  public long sequences() {
    return slots * groupSize;
  }
}
