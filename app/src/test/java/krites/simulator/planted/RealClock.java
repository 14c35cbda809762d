package krites.simulator.planted;

/** Breaks the rule that a simulation reads no real clock. */
public final class RealClock {
  public long nanos() {
    return System.nanoTime();
  }
}
