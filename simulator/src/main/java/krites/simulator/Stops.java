package krites.simulator;

/**
 * Spans of one length in which something stands still, beginning at random moments; spans that
 * would overlap are one longer span.
 */
final class Stops {
  private final Moments begins;
  private final long lengthNanos;

  Stops(long seed, FaultPlan plan, FaultKind kind) {
    this.begins = new Moments(Draws.seed(seed, kind.word()), plan.rate(kind));
    this.lengthNanos = EventLoop.nanos(plan.seconds(kind));
  }

  /** The moment itself if nothing stands still then, else the end of the span it falls in. */
  long goesOnAt(long atNanos) {
    long at = atNanos;
    long begin = begins.firstAfter(at - lengthNanos);
    while (begin <= at && begin < EventLoop.NEVER) {
      at = Math.max(at, begin + lengthNanos);
      begin = begins.firstAfter(Math.max(begin, at - lengthNanos));
    }
    return at;
  }

  /** When work that begins then ends, the spans in between left out. */
  long workedUntil(long fromNanos, long workNanos) {
    long at = goesOnAt(fromNanos);
    long left = workNanos;
    long begin = begins.firstAfter(at);
    while (begin < at + left) {
      left -= begin - at;
      at = goesOnAt(begin);
      begin = begins.firstAfter(at);
    }
    return Math.min(EventLoop.NEVER, at + left);
  }
}
