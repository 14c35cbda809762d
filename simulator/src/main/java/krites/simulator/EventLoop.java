package krites.simulator;

import java.util.PriorityQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The one thread and the clock of a simulation: a queue of what happens when.
 *
 * <p>It promises that nothing depends on real time, on another thread or on the order in which a
 * hash table hands things out. At one moment arrivals come first, in the order of their ranks; then
 * one strand after the other is run, in an order that the seed decides. While a strand runs, the
 * clock is its own: work that takes time moves it ahead, and whatever the strand sends or schedules
 * leaves at that later moment.
 *
 * <p>It does not know actors or runs.
 */
final class EventLoop {
  /** Later than any run can last; what is put here never happens. */
  static final long NEVER = Long.MAX_VALUE / 4;

  /** What happens first at one moment. */
  enum Phase {
    ARRIVAL,
    RUN
  }

  /** Bound on the thread of the loop only. */
  private static final ScopedValue<EventLoop> OWN = ScopedValue.newInstance();

  private record Event(long nanos, Phase phase, long rank, long number, Runnable action)
      implements Comparable<Event> {
    @Override
    public int compareTo(Event other) {
      int order = Long.compare(nanos, other.nanos);
      order = order == 0 ? phase.compareTo(other.phase) : order;
      order = order == 0 ? Long.compare(rank, other.rank) : order;
      return order == 0 ? Long.compare(number, other.number) : order;
    }
  }

  private final PriorityQueue<Event> events = new PriorityQueue<>();
  private @Nullable Lane current;
  private long nanos;
  private long added;
  private long handled;

  /** Does something on the thread of this loop; nothing may happen on any other. */
  <T> T own(Supplier<T> work) {
    return ScopedValue.where(OWN, this).call(work::get);
  }

  /** The virtual time in nanoseconds: that of the strand that runs, else that of the loop. */
  long nanos() {
    return nanos;
  }

  double seconds() {
    return seconds(nanos);
  }

  static double seconds(long nanos) {
    return nanos / (double) TimeUnit.SECONDS.toNanos(1);
  }

  /** Nanoseconds of a number of seconds; at most {@link #NEVER}. */
  static long nanos(double seconds) {
    return (long) Math.min(NEVER, Math.rint(seconds * TimeUnit.SECONDS.toNanos(1)));
  }

  /** The strand that runs; null between two. */
  @Nullable Lane current() {
    return current;
  }

  /** Events handled so far, for a person who asks how much work a simulation was. */
  long handled() {
    return handled;
  }

  /** Something arrives; arrivals of one rank keep their order. */
  void arrive(long atNanos, long rank, Runnable action) {
    add(atNanos, Phase.ARRIVAL, rank, action);
  }

  /**
   * Runs a piece of a strand as soon as it is free, its node is awake, and what asks for it has got
   * that far.
   */
  void run(Lane lane, Runnable piece) {
    add(Math.max(nanos, lane.busyUntil()), Phase.RUN, lane.nextRank(), () -> runNow(lane, piece));
  }

  private void runNow(Lane lane, Runnable piece) {
    long awake = lane.awakeAt(nanos);
    if (awake > nanos) {
      add(awake, Phase.RUN, lane.nextRank(), () -> runNow(lane, piece));
      return;
    }
    current = lane;
    try {
      piece.run();
    } finally {
      lane.busyUntil(nanos);
      current = null;
    }
  }

  /**
   * The strand that runs is busy until then.
   *
   * @throws IllegalStateException if no strand runs, or the moment is in its past
   */
  void busyUntil(long atNanos) {
    if (current == null || atNanos < nanos) {
      throw new IllegalStateException(
          "at " + nanos + " ns, " + current + " cannot be busy until " + atNanos + " ns");
    }
    nanos = Math.min(NEVER, atNanos);
  }

  /** When the next event is; {@link #NEVER} if there is none any more. */
  long next() {
    Event next = events.peek();
    return next == null ? NEVER : next.nanos();
  }

  /**
   * Handles the next event.
   *
   * @return false if there is none any more
   */
  boolean step() {
    Event next = events.poll();
    if (next == null) {
      return false;
    }
    nanos = next.nanos();
    handled++;
    next.action().run();
    nanos = next.nanos();
    return true;
  }

  /** The process that was simulated is killed: whatever it would have done never happens. */
  void forgetAll() {
    events.clear();
  }

  /** Time passes with nothing in it. */
  void skipTo(long atNanos) {
    nanos = Math.max(nanos, atNanos);
  }

  private void add(long atNanos, Phase phase, long rank, Runnable action) {
    if (!OWN.isBound() || OWN.get() != this) {
      throw new IllegalStateException("a simulation has one thread, and another one interferes");
    }
    if (atNanos < NEVER) {
      events.add(new Event(Math.max(nanos, atNanos), phase, rank, added++, action));
    }
  }
}
