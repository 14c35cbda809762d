package krites.rollout;

/**
 * The account of the memory for keys and values, in blocks of {@value #BLOCK_TOKENS} tokens.
 *
 * <p>Whoever allocates such memory takes blocks first and gives them back when it is freed, so the
 * account is what is allocated, at any time and to the block. Embeddings of images that are kept
 * take blocks of the same account.
 */
final class KvBudget {
  /**
   * Tokens of a block: what is lost to rounding is at most 15 tokens a prompt and a response, and
   * the rows of a table stay multiples of a cache line.
   */
  static final int BLOCK_TOKENS = 16;

  private final long blockBytes;
  private long limit;
  private long used;
  private long peak;

  /**
   * An account.
   *
   * @param tokenBytes keys and values of a token in all layers
   * @param limitBytes bytes that may be used, rounded down to blocks
   */
  KvBudget(long tokenBytes, long limitBytes) {
    this.blockBytes = tokenBytes * BLOCK_TOKENS;
    this.limit = limitBytes / blockBytes;
  }

  /** An account that refuses nothing. */
  static KvBudget unlimited(long tokenBytes) {
    return new KvBudget(tokenBytes, Long.MAX_VALUE);
  }

  /** Blocks for tokens that lie in a row. */
  static long blocks(long tokens) {
    return Math.ceilDiv(tokens, BLOCK_TOKENS);
  }

  /** Blocks for any bytes. */
  long blocksOfBytes(long bytes) {
    return Math.ceilDiv(bytes, blockBytes);
  }

  /** Raises the limit to at least so many blocks. */
  void raise(long blocks) {
    limit = Math.max(limit, blocks);
  }

  /**
   * Takes blocks.
   *
   * @throws IllegalStateException if they do not fit: whoever takes has asked before
   */
  void take(long blocks) {
    if (blocks > free()) {
      throw new IllegalStateException(
          blocks + " blocks of keys and values where " + free() + " of " + limit + " are free");
    }
    used += blocks;
    peak = Math.max(peak, used);
  }

  void give(long blocks) {
    used -= blocks;
  }

  long free() {
    return limit - used;
  }

  long limit() {
    return limit;
  }

  long used() {
    return used;
  }

  long limitBytes() {
    return limit * blockBytes;
  }

  long peakBytes() {
    return peak * blockBytes;
  }
}
