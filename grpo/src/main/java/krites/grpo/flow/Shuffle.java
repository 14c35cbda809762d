package krites.grpo.flow;

/**
 * A seeded permutation of {@code 0 .. size - 1} that needs no list: a four-round Feistel network
 * over the next even number of bits, walked until it lands inside (at most four times as many
 * numbers, so about two steps on average).
 */
final class Shuffle {
  private static final int ROUNDS =
      4; // four rounds make a Feistel network a strong permutation (Luby, Rackoff 1988)

  private final long size;
  private final long seed;
  private final int halfBits;
  private final long halfMask;

  Shuffle(long size, long seed) {
    if (size < 1) {
      throw new IllegalArgumentException("cannot shuffle " + size + " items");
    }
    int bits = Math.max(2, Long.SIZE - Long.numberOfLeadingZeros(size - 1));
    this.size = size;
    this.seed = seed;
    this.halfBits = (bits + 1) / 2;
    this.halfMask = (1L << halfBits) - 1;
  }

  /** Where the permutation sends {@code index}. */
  long at(long index) {
    if (index < 0 || index >= size) {
      throw new IllegalArgumentException("index " + index + " is outside 0 .. " + (size - 1));
    }
    long value = index;
    do {
      value = encrypt(value);
    } while (value >= size);
    return value;
  }

  private long encrypt(long value) {
    long left = value >>> halfBits;
    long right = value & halfMask;
    for (int round = 0; round < ROUNDS; round++) {
      long next = left ^ (Seeds.mix(seed + Seeds.mix(right + ((long) round << 56))) & halfMask);
      left = right;
      right = next;
    }
    return (left << halfBits) | right;
  }
}
