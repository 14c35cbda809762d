package krites.app;

import java.time.Duration;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/**
 * What Ctrl-C does while a run goes on: the first asks it to stop, the second ends the process at
 * once. The request to terminate (SIGTERM) counts like Ctrl-C. Closing it gives the signals back
 * and calls off the end that an unheard first signal would lead to.
 */
public final class Interrupts implements AutoCloseable {
  /** The run stops itself within 8 s; a process that has not ended by then never will. */
  static final Duration PATIENCE = Duration.ofMillis(9_500);

  private final SignalHandler interruptBefore;
  private final SignalHandler terminateBefore;
  private final Runnable stop;
  private final Runnable halt;
  private final Thread patience;
  private boolean asked;

  private Interrupts(Runnable stop, Runnable halt) {
    this.stop = stop;
    this.halt = halt;
    this.patience =
        Thread.ofPlatform().daemon().name("krites-patience").unstarted(this::endAfterPatience);
    this.interruptBefore = Signal.handle(new Signal("INT"), _ -> onSignal());
    this.terminateBefore = Signal.handle(new Signal("TERM"), _ -> onSignal());
  }

  /** Listens from now on; {@code stop} is called at most once. */
  public static Interrupts listen(Runnable stop) {
    return new Interrupts(stop, () -> Runtime.getRuntime().halt(ExitCode.INTERRUPTED));
  }

  private synchronized void onSignal() {
    if (asked) {
      halt.run();
    }
    asked = true;
    patience.start();
    stop.run();
  }

  private void endAfterPatience() {
    try {
      Thread.sleep(PATIENCE);
      halt.run();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    patience.interrupt();
    Signal.handle(new Signal("INT"), interruptBefore);
    Signal.handle(new Signal("TERM"), terminateBefore);
  }
}
