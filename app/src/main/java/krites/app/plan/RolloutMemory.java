package krites.app.plan;

import krites.model.qwen25vl.Precision;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.qwen25vl.WeightLayout;

/**
 * Bytes that one rollout worker holds.
 *
 * @param weights of one version
 * @param swap of the next version, while the old one is still in use
 * @param cache keys and values of all sequences at their full length
 * @param growth the copy of the caches that exists while they get room for more tokens
 * @param sampling arrays over the vocabulary that choose a token for each sequence
 * @param prefill what reading the prompts of all slots makes and drops
 * @param perSequence the cache of one sequence
 */
public record RolloutMemory(
    long weights,
    long swap,
    long cache,
    long growth,
    long sampling,
    long prefill,
    long perSequence) {

  /** Columns that the caches grow by ({@code DecodeBatch}). */
  private static final long ROOM = 256;

  /**
   * Bytes of a vocabulary entry while a token is chosen: logits and three float32 arrays shaped
   * from them, softmax, its sum and its input in float64, log-softmax.
   */
  private static final long SAMPLING_BYTES = 44;

  public static RolloutMemory of(Qwen25VlConfig config, Precision precision, Load load) {
    long bytes = precision.bytes();
    long weights = bytes * WeightLayout.of(config).parameters();
    long perColumn = cacheBytesOfToken(config, precision);
    long full = columns(load.promptTokens(), load.responseTokens());
    long before = load.responseTokens() > ROOM ? full - ROOM : load.promptTokens();
    long readers = load.responseTokens() > ROOM ? load.sequences() : load.slots();
    Qwen25VlConfig.Vision see = config.vision();
    long queries = (long) config.heads() * config.headSize();
    long tokens = load.slots() * load.promptTokens();
    long decoder =
        tokens * bytes * (4L * config.hidden() + 4L * queries + 3L * config.intermediate())
            + load.slots() * load.promptTokens() * load.promptTokens() * (bytes + 5);
    long patches = load.slots() * load.patches();
    long tower =
        patches
            * (bytes * (6L * see.hidden() + 3L * see.intermediate())
                + 2L * Float.BYTES * 3 * see.hidden()
                + see.patchValues() * (2L * Float.BYTES + bytes));
    return new RolloutMemory(
        weights,
        weights,
        load.sequences() * full * perColumn,
        readers * before * perColumn,
        load.sequences() * config.vocabulary() * SAMPLING_BYTES,
        Math.max(decoder, tower),
        full * perColumn);
  }

  /** Keys and values of one token in all layers. */
  static long cacheBytesOfToken(Qwen25VlConfig config, Precision precision) {
    return 2L * config.layers() * config.keyValueHeads() * config.headSize() * precision.bytes();
  }

  /** Columns of the caches at the end: room comes in steps, and no further than the last token. */
  private static long columns(long prompt, long response) {
    long steps = (response + ROOM - 1) / ROOM;
    return prompt + Math.max(response, response > ROOM ? steps * ROOM : 0);
  }

  /** All that exists at once while sequences decode, with the next version coming in. */
  public long peak() {
    return weights + swap + cache + Math.max(growth + sampling, prefill);
  }
}
