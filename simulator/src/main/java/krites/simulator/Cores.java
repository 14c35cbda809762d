package krites.simulator;

import java.util.PriorityQueue;

/**
 * Cores that all nodes share, when they are parts of one machine: more work than cores is slower.
 */
final class Cores {
  private final int count;
  private final PriorityQueue<Long> busyUntil = new PriorityQueue<>();

  /**
   * @param count 0 if each node has cores of its own
   */
  Cores(int count) {
    this.count = count;
  }

  /** How much longer work takes that begins now, as a factor of at least 1. */
  double slowness(long nowNanos) {
    if (count == 0) {
      return 1;
    }
    while (!busyUntil.isEmpty() && busyUntil.peek() <= nowNanos) {
      busyUntil.poll();
    }
    return Math.max(1, (busyUntil.size() + 1.0) / count);
  }

  /** One core more is taken until then. */
  void take(long untilNanos) {
    if (count > 0) {
      busyUntil.add(untilNanos);
    }
  }
}
