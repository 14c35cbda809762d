package krites.app;

import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/**
 * What Ctrl-C does while a run goes on: the first asks it to stop, the second ends the process at
 * once. The request to terminate (SIGTERM) counts like Ctrl-C, but one of each is not two, and
 * where {@link ParentWatch} watches, two requests are one: whoever signals a group of processes
 * reaches this one and its parent, which then asks this one too. Closing it gives the signals back
 * and calls off the end that an unheard first signal would lead to.
 */
public final class Interrupts implements AutoCloseable {
  /** The run stops itself within 8 s; a process that has not ended by then never will. */
  static final Duration PATIENCE = Duration.ofMillis(9_500);

  private static final String TERMINATE = "TERM";

  private final SignalHandler interruptBefore;
  private final SignalHandler terminateBefore;
  private final Runnable stop;
  private final Runnable halt;
  private final Thread patience;
  private final Set<String> heard = new HashSet<>();

  private Interrupts(Runnable stop, Runnable halt) {
    this.stop = stop;
    this.halt = halt;
    this.patience =
        Thread.ofPlatform().daemon().name("krites-patience").unstarted(this::endAfterPatience);
    this.interruptBefore = Signal.handle(new Signal("INT"), signal -> onSignal(signal.getName()));
    this.terminateBefore =
        Signal.handle(new Signal(TERMINATE), signal -> onSignal(signal.getName()));
  }

  /** Listens from now on; {@code stop} is called at most once. */
  public static Interrupts listen(Runnable stop) {
    return new Interrupts(stop, () -> Runtime.getRuntime().halt(ExitCode.INTERRUPTED));
  }

  private synchronized void onSignal(String name) {
    if (!heard.add(name)) {
      if (!(name.equals(TERMINATE) && ParentWatch.isWanted())) {
        halt.run();
      }
    } else if (heard.size() == 1) {
      patience.start();
      stop.run();
    }
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
    Signal.handle(new Signal(TERMINATE), terminateBefore);
  }
}
