package krites.grpo.flow;

/**
 * Seeds derived from the run's seed.
 *
 * <p>The mixing function is the finalizer of SplitMix64 (Steele, Lea, Flood: Fast Splittable
 * Pseudorandom Number Generators, 2014).
 */
public final class Seeds {
  private static final long GOLDEN = 0x9E3779B97F4A7C15L; // 2^64 divided by the golden ratio, odd

  private Seeds() {}

  /**
   * Seed of all draws of one group; it does not depend on the group's number, so a resumed run
   * draws the same.
   */
  public static long ofGroup(long runSeed, PromptTicket ticket) {
    return mix(mix(mix(runSeed) + ticket.number()) + ticket.attempt());
  }

  /** Seed of a stream with a name, for example {@code prompts}. */
  public static long ofName(long runSeed, String name) {
    long seed = mix(runSeed);
    for (int i = 0; i < name.length(); i++) {
      seed = mix(seed + name.charAt(i));
    }
    return seed;
  }

  /**
   * A bijection of 64-bit numbers in which every bit of the input moves about half of the output
   * bits.
   */
  static long mix(long value) {
    long z = value + GOLDEN;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
