package krites.simulator;

import java.util.Arrays;

/**
 * Moments of a Poisson process, made as far as anyone asks: the same seed gives the same ones,
 * whatever is asked.
 */
final class Moments {
  private static final long FAR =
      EventLoop.NEVER / 2; // whoever asks there hangs; nothing is made up to then

  private final long seed;
  private final double perSecond;
  private long[] nanos = new long[8];
  private int count;
  private boolean ended;

  /**
   * @param perSecond mean number in a second; 0 for none ever
   */
  Moments(long seed, double perSecond) {
    this.seed = seed;
    this.perSecond = perSecond;
    this.ended = perSecond <= 0;
  }

  /** The first moment after another one; {@link EventLoop#NEVER} if there is none. */
  long firstAfter(long atNanos) {
    if (atNanos >= FAR) {
      return EventLoop.NEVER;
    }
    while (!ended && (count == 0 || nanos[count - 1] <= atNanos)) {
      make();
    }
    int found = Arrays.binarySearch(nanos, 0, count, atNanos);
    int index = found >= 0 ? found + 1 : -found - 1;
    return index < count ? nanos[index] : EventLoop.NEVER;
  }

  private void make() {
    double gap = Draws.exponential(Draws.seed(seed, count)) / perSecond;
    long next = (count == 0 ? 0 : nanos[count - 1]) + Math.max(1, EventLoop.nanos(gap));
    if (next >= EventLoop.NEVER) {
      ended = true;
      return;
    }
    if (count == nanos.length) {
      nanos = Arrays.copyOf(nanos, 2 * count);
    }
    nanos[count++] = next;
  }
}
