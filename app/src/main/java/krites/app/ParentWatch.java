package krites.app;

import java.time.Duration;
import java.util.Optional;
import sun.misc.Signal;

/**
 * Asks this process to stop, as SIGTERM does, when the one that started it is gone: what an
 * experiment began must not go on alone when the experiment was killed.
 */
public final class ParentWatch {
  /** The property that holds the process id of whoever wants to be watched. */
  public static final String PROPERTY = "krites.parent";

  private static final Duration EVERY = Duration.ofMillis(500);

  private ParentWatch() {}

  /** Whether the property is set. */
  static boolean isWanted() {
    return Long.getLong(PROPERTY) != null;
  }

  /** Watches from now on, where the property is set. */
  static void begin() {
    Long id = Long.getLong(PROPERTY);
    if (id != null) {
      Optional<ProcessHandle> parent = ProcessHandle.of(id);
      Thread.ofPlatform().daemon().name("krites-parent").start(() -> watch(parent));
    }
  }

  private static void watch(Optional<ProcessHandle> parent) {
    try {
      while (parent.isPresent() && parent.get().isAlive()) {
        Thread.sleep(EVERY);
      }
      Signal.raise(new Signal("TERM"));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
