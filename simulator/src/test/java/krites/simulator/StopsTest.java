package krites.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class StopsTest {
  private static final long MILLI = 1_000_000;

  /** Compared with walking through time millisecond by millisecond. */
  @Test
  void workSkipsTheSpans() {
    for (long seed = 0; seed < 50; seed++) {
      FaultPlan plan = FaultPlan.parse("pause=40/min:" + (200 + 100 * seed) + "ms");
      Stops stops = new Stops(seed, plan, FaultKind.PAUSE);
      Moments begins = new Moments(Draws.seed(seed, "pause"), 40 / 60.0);
      long length = EventLoop.nanos(plan.seconds(FaultKind.PAUSE));
      long from = 1234 * MILLI * seed % (20_000 * MILLI);
      long left = 700 * MILLI;
      long at = from;
      while (left > 0) {
        boolean stands = begins.firstAfter(at - length) <= at;
        left -= stands ? 0 : MILLI;
        at += MILLI;
      }
      long until = stops.workedUntil(from, 700 * MILLI);
      // The walk is off by less than a step at each border of a span.
      assertTrue(Math.abs(until - at) < 40 * MILLI, "seed " + seed + ": " + until + " and " + at);
    }
  }

  @Test
  void nothingStandsStillWithoutAFault() {
    Stops stops = new Stops(1, FaultPlan.NONE, FaultKind.PAUSE);

    assertEquals(5 * MILLI, stops.goesOnAt(5 * MILLI));
    assertEquals(12 * MILLI, stops.workedUntil(5 * MILLI, 7 * MILLI));
  }

  @Test
  void momentsComeAtTheirRate() {
    Moments moments = new Moments(7, 2.0);
    int count = 0;
    for (long at = moments.firstAfter(0); at < EventLoop.nanos(1000); at = moments.firstAfter(at)) {
      count++;
    }
    assertEquals(2000, count, 150); // the deviation of a Poisson count is the root of its mean
  }
}
