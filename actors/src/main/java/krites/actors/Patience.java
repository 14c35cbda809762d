package krites.actors;

import java.time.Duration;

/**
 * How long a run waits for whom, and what it does then.
 *
 * @param nudge a message that was not answered for this long is sent again; everybody who gets it
 *     twice takes it once
 * @param suspect a rollout worker without any progress for this long is suspect: its groups are
 *     given to a second worker as well, and the run says whom it waits for
 * @param stall who got nowhere for this long hangs; {@link OnStall} says what happens
 * @param stopWithin a stop is completed within this time, with or without a last checkpoint
 * @param onStall what is done about a hang
 */
public record Patience(
    Duration nudge, Duration suspect, Duration stall, Duration stopWithin, OnStall onStall) {
  /** What is done about whoever hangs. */
  public enum OnStall {
    /** It is replaced as long as there are restarts left; then the run stops with the diagnosis. */
    RESTART,
    /** The run stops with the diagnosis. */
    STOP
  }

  public Patience {
    requirePositive(nudge, "time before a message is repeated");
    requirePositive(suspect, "time until a worker is suspect");
    requirePositive(stall, "stall time");
    requirePositive(stopWithin, "stop time");
  }

  /** Nudges after 5 s, suspects after 30 s, restarts after the given time, stops within 8 s. */
  public static Patience usual(Duration stall) {
    return new Patience(
        Duration.ofSeconds(5),
        Duration.ofSeconds(30),
        stall,
        Duration.ofSeconds(8),
        OnStall.RESTART);
  }

  /**
   * How long a stop waits for an evaluation that no resume could make again, before {@link
   * #stopWithin} begins to count.
   */
  Duration evalWithin() {
    return stopWithin.dividedBy(2);
  }

  /** How often deadlines are looked at: fine enough to act in time, rare enough to be free. */
  Duration tick() {
    long shortest =
        Math.min(
            Math.min(nudge.toMillis(), suspect.toMillis()),
            Math.min(stall.toMillis(), stopWithin.toMillis()));
    return Duration.ofMillis(Math.clamp(shortest / 4, 10, 1_000));
  }

  private static void requirePositive(Duration duration, String what) {
    if (duration.toMillis() < 1) {
      throw new IllegalArgumentException(what + " " + duration + " is below one millisecond");
    }
  }
}
