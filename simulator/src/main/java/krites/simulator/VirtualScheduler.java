package krites.simulator;

import com.typesafe.config.Config;
import java.util.concurrent.ThreadFactory;
import org.apache.pekko.actor.AbstractScheduler;
import org.apache.pekko.actor.Cancellable;
import org.apache.pekko.event.LoggingAdapter;
import scala.concurrent.ExecutionContext;
import scala.concurrent.duration.FiniteDuration;

/**
 * The scheduler of a simulated actor system: timers go off in virtual time.
 *
 * <p>Pekko makes it by name (setting {@code pekko.scheduler.implementation}); it belongs to the
 * {@link Machine} that is being opened on this thread.
 */
public final class VirtualScheduler extends AbstractScheduler {
  private static final double MAX_FREQUENCY = 1e9; // a nanosecond is the unit of the virtual clock

  private final Machine machine;

  /** The constructor that Pekko looks for. */
  public VirtualScheduler(Config config, LoggingAdapter log, ThreadFactory threads) {
    this.machine = Machine.opening();
  }

  Machine machine() {
    return machine;
  }

  @Override
  public Cancellable scheduleOnce(
      FiniteDuration delay, Runnable action, ExecutionContext executor) {
    Timer timer = new Timer(action, executor, -1);
    timer.goesOffAfter(delay.toNanos());
    return timer;
  }

  @Override
  public Cancellable schedule(
      FiniteDuration first, FiniteDuration interval, Runnable action, ExecutionContext executor) {
    Timer timer = new Timer(action, executor, Math.max(1, interval.toNanos()));
    timer.goesOffAfter(first.toNanos());
    return timer;
  }

  @Override
  public double maxFrequency() {
    return MAX_FREQUENCY;
  }

  /** A timer that goes off once, or again and again when its interval is not negative. */
  private final class Timer implements Cancellable {
    private final Runnable action;
    private final ExecutionContext executor;
    private final long intervalNanos;
    private boolean over;

    private Timer(Runnable action, ExecutionContext executor, long intervalNanos) {
      this.action = action;
      this.executor = executor;
      this.intervalNanos = intervalNanos;
    }

    private void goesOffAfter(long delayNanos) {
      EventLoop loop = machine.loop();
      loop.arrive(loop.nanos() + Math.max(0, delayNanos), 0, this::goOff);
    }

    private void goOff() {
      if (over) {
        return;
      }
      over = intervalNanos < 0;
      executor.execute(action);
      if (!over) {
        goesOffAfter(intervalNanos);
      }
    }

    @Override
    public boolean cancel() {
      boolean inTime = !over;
      over = true;
      return inTime;
    }

    @Override
    public boolean isCancelled() {
      return over;
    }
  }
}
