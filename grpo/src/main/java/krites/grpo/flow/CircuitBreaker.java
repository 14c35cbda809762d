package krites.grpo.flow;

import org.jspecify.annotations.Nullable;

/**
 * Decides whether a service that fails is asked again: closed, all calls pass; after some failures
 * in a row it opens, and no call passes; after the cooldown one call, the probe, passes, and its
 * outcome closes the circuit or opens it for another cooldown.
 *
 * <p>While it is half open, only the probe's failure counts: calls from before it opened may still
 * fail, and say nothing new. A success closes it whoever brought it, since it shows that the
 * service answers. While it is open, nothing counts. It knows no clock: times are nanoseconds of
 * any clock that only rises.
 */
public final class CircuitBreaker {
  /** Whether calls pass. */
  public enum State {
    CLOSED,
    OPEN,
    HALF_OPEN
  }

  private final int failuresToOpen;
  private final long cooldownNanos;
  private State state = State.CLOSED;
  private int failuresInRow;
  private long openedNanos;
  private @Nullable Long probe;

  /**
   * @param failuresToOpen failures in a row that open it; 0 leaves it closed for ever
   * @param cooldownNanos how long it stays open before a probe, above 0
   */
  public CircuitBreaker(int failuresToOpen, long cooldownNanos) {
    if (failuresToOpen < 0 || cooldownNanos <= 0) {
      throw new IllegalArgumentException(
          "a circuit of " + failuresToOpen + " failures and " + cooldownNanos + " ns");
    }
    this.failuresToOpen = failuresToOpen;
    this.cooldownNanos = cooldownNanos;
  }

  public State state() {
    return state;
  }

  /** Whether a call may be made now. */
  public boolean allows(long nowNanos) {
    return switch (state) {
      case CLOSED -> true;
      case OPEN -> nowNanos - openedNanos >= cooldownNanos;
      case HALF_OPEN -> false; // the probe is under way
    };
  }

  /**
   * A call is made; after the cooldown it is the probe.
   *
   * @throws IllegalStateException if no call may be made now
   */
  public void sent(long call, long nowNanos) {
    if (!allows(nowNanos)) {
      throw new IllegalStateException("call " + call + " was made while the circuit is " + state);
    }
    if (state == State.OPEN) {
      state = State.HALF_OPEN;
      probe = call;
    }
  }

  /** A call succeeded. */
  public void succeeded() {
    switch (state) {
      case CLOSED -> failuresInRow = 0;
      case HALF_OPEN -> {
        state = State.CLOSED;
        failuresInRow = 0;
        probe = null;
      }
      case OPEN -> {} // it was made before the circuit opened
    }
  }

  /** A call failed, or was not answered in time. */
  public void failed(long call, long nowNanos) {
    switch (state) {
      case CLOSED -> {
        failuresInRow++;
        if (failuresToOpen > 0 && failuresInRow >= failuresToOpen) {
          open(nowNanos);
        }
      }
      case HALF_OPEN -> {
        if (probe != null && probe == call) {
          open(nowNanos);
        }
      }
      case OPEN -> {} // it was made before the circuit opened
    }
  }

  private void open(long nowNanos) {
    state = State.OPEN;
    openedNanos = nowNanos;
    probe = null;
  }
}
