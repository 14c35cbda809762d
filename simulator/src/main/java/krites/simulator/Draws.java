package krites.simulator;

/**
 * Random numbers that are looked up and not drawn in turn: each is a function of the seed, a name
 * and a count.
 *
 * <p>No draw moves another one, so whatever order a simulation asks in, and whatever else it asks
 * for, the answers stay the same; two simulations that differ in one setting see the same luck
 * wherever they do the same.
 *
 * <p>The mixing function is the finalizer of SplitMix64 (Steele, Lea, Flood: Fast Splittable
 * Pseudorandom Number Generators, 2014); the normal deviate is that of Box and Muller (1958).
 */
final class Draws {
  private static final long GOLDEN = 0x9E3779B97F4A7C15L; // 2^64 divided by the golden ratio, odd
  private static final double UNIT = 0x1.0p-53; // the spacing of doubles with 53 bits

  private Draws() {}

  /** A seed of its own for a name under a seed. */
  static long seed(long seed, String name) {
    long mixed = mix(seed);
    for (int i = 0; i < name.length(); i++) {
      mixed = mix(mixed + name.charAt(i));
    }
    return mixed;
  }

  /** A seed of its own for a number under a seed. */
  static long seed(long seed, long number) {
    return mix(mix(seed) + number);
  }

  /** Uniform, at least 0 and below 1. */
  static double uniform(long seed) {
    return (mix(seed) >>> 11) * UNIT;
  }

  /** Exponential with mean 1. */
  static double exponential(long seed) {
    return -Math.log1p(-uniform(seed));
  }

  /** Normal with mean 0 and deviation 1. */
  static double normal(long seed) {
    double radius = Math.sqrt(-2 * Math.log1p(-uniform(seed)));
    return radius * Math.cos(2 * Math.PI * uniform(seed + 1));
  }

  /** A bijection of 64-bit numbers in which each bit of the input moves half of the output. */
  static long mix(long value) {
    long z = value + GOLDEN;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
