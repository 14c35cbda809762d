package krites.app.plan;

import krites.model.qwen25vl.Kernels;
import krites.model.qwen25vl.PackedWeights;
import krites.model.qwen25vl.Precision;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.qwen25vl.WeightLayout;

/**
 * Bytes that one rollout worker holds.
 *
 * @param weights of one version, and on a CPU the copy of their matrices in the order in which they
 *     are read
 * @param swap the same of the next version, while the old one is still in use
 * @param cache keys and values: each prompt once, and all sequences at their full length; or what
 *     the settings allow
 * @param growth the one tensor of the table of sequences that exists twice while its shape changes
 * @param sampling arrays over the vocabulary that choose a token for each sequence
 * @param prefill what reading a step's prompt tokens makes and drops
 * @param perSequence keys and values of one sequence and its share of the prompt
 */
public record RolloutMemory(
    long weights,
    long swap,
    long cache,
    long growth,
    long sampling,
    long prefill,
    long perSequence) {

  /** Tokens of a block of keys and values ({@code KvBudget}). */
  private static final long BLOCK = 16;

  /**
   * Bytes of a vocabulary entry while a token is chosen with penalty, top-k and top-p, all in
   * float32: logits, divided, punished twice, shaped; the sort's values and places (8), softmax and
   * its sums, three masks. Without them it is 12.
   */
  private static final long SAMPLING_BYTES = 44;

  /**
   * Of a worker.
   *
   * @param kernels whether matrices are held in oneDNN's order beside the mapped weights, and in
   *     which type
   */
  public static RolloutMemory of(
      Qwen25VlConfig config, Precision precision, Kernels kernels, Load load) {
    long bytes = precision.bytes();
    long weights =
        bytes * WeightLayout.of(config).parameters()
            + (kernels.packed()
                ? kernels.computed(precision).bytes() * PackedWeights.packedValues(config)
                : 0);
    long perToken = cacheBytesOfToken(config, precision);
    long prompts = load.slots() * blocks(load.promptTokens()) * perToken;
    long responses = load.sequences() * blocks(load.responseTokens()) * perToken;
    long cache = load.kvCacheBytes() == 0 ? prompts + responses : load.kvCacheBytes();
    Qwen25VlConfig.Vision see = config.vision();
    long queries = (long) config.heads() * config.headSize();
    long tokens = Math.min(load.prefillTokens(), load.slots() * load.promptTokens());
    long decoder =
        tokens * bytes * (4L * config.hidden() + 4L * queries + 3L * config.intermediate());
    // A piece of a prompt needs its whole pictures; every picture stands for at least one token.
    long patches = Math.ceilDiv(tokens, load.promptTokens()) * load.patches();
    long tower =
        patches
            * (bytes * (6L * see.hidden() + 3L * see.intermediate())
                + 2L * Float.BYTES * 3 * see.hidden()
                + see.patchValues() * (2L * Float.BYTES + bytes));
    return new RolloutMemory(
        weights,
        weights,
        cache,
        Math.min(cache, responses) / (2L * config.layers()),
        load.sequences() * config.vocabulary() * SAMPLING_BYTES,
        Math.max(decoder, tower),
        (blocks(load.promptTokens()) / load.groupSize() + blocks(load.responseTokens()))
            * perToken);
  }

  /** Keys and values of one token in all layers. */
  static long cacheBytesOfToken(Qwen25VlConfig config, Precision precision) {
    return 2L * config.layers() * config.keyValueHeads() * config.headSize() * precision.bytes();
  }

  /** Tokens in whole blocks. */
  private static long blocks(long tokens) {
    return Math.ceilDiv(tokens, BLOCK) * BLOCK;
  }

  /** All that exists at once while sequences decode, with the next version coming in. */
  public long peak() {
    return weights + swap + cache + Math.max(growth + sampling, prefill);
  }
}
