package krites.grpo.flow;

/**
 * Which prompt stands at which place of the endless order: one seeded shuffle per epoch; of two
 * parts, each with shuffles and epochs of its own.
 *
 * <p>A place of a mix belongs to the second part where the share times the number of places passes
 * the next whole number (error diffusion), so any stretch of n places has n times the share of
 * them, less than one more or fewer.
 */
final class PromptOrder {
  private final PromptMix mix;
  private final Epochs first;
  private final Epochs second;

  /**
   * @param size prompts of all parts
   * @throws IllegalArgumentException if the second part leaves none for the first
   */
  PromptOrder(long size, PromptMix mix, long seed) {
    if (mix.second() >= size) {
      throw new IllegalArgumentException(
          "a mix with " + mix.second() + " prompts of " + size + " in its second part");
    }
    this.mix = mix;
    this.first = new Epochs(size - mix.second(), seed);
    // Another stream: parts of one size must not walk through their items side by side.
    this.second = new Epochs(Math.max(1, mix.second()), Seeds.ofName(seed, "second"));
  }

  /** Index in the whole set of the prompt at a place. */
  long at(long place) {
    long before = mix.secondAmong(place);
    return mix.secondAmong(place + 1) > before
        ? first.size + second.at(before)
        : first.at(place - before);
  }

  /** One part: a shuffle per epoch, of which the last one used is kept. */
  private static final class Epochs {
    private final long size;
    private final long seed;
    private long shuffledEpoch = -1;
    private Shuffle shuffle = new Shuffle(1, 0);

    private Epochs(long size, long seed) {
      this.size = size;
      this.seed = seed;
    }

    private long at(long place) {
      long epoch = place / size;
      if (epoch != shuffledEpoch) {
        shuffle = new Shuffle(size, Seeds.mix(seed + epoch));
        shuffledEpoch = epoch;
      }
      return shuffle.at(place % size);
    }
  }
}
