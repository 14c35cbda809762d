package krites.app.display;

import java.util.function.LongFunction;
import java.util.function.LongSupplier;

/**
 * One line where a person looks, which appears when work takes long, is renewed now and then, and
 * is wiped away when the work is done. Thread safe.
 */
public final class PassingLine implements AutoCloseable {
  private static final String CLEAR_LINE = "\r\u001b[K";
  private static final long PATIENCE_NANOS = 500_000_000;
  private static final long EVERY_NANOS = 100_000_000;
  private static final int BAR_CELLS = 20;

  private final Terminal terminal;
  private final LongSupplier nanoTime;
  private final long start;
  private long shown;
  private boolean open;

  /**
   * @param nanoTime a clock such as {@code System::nanoTime}
   */
  public PassingLine(Terminal terminal, LongSupplier nanoTime) {
    this.terminal = terminal;
    this.nanoTime = nanoTime;
    this.start = nanoTime.getAsLong();
    this.shown = start + PATIENCE_NANOS - EVERY_NANOS;
  }

  /**
   * Shows a line, unless nobody looks or it is too soon after the last.
   *
   * @param line made of the nanoseconds since the start; not asked for when it is not shown
   */
  public synchronized void show(LongFunction<String> line) {
    long now = nanoTime.getAsLong();
    if (!terminal.interactive() || now - shown < EVERY_NANOS) {
      return;
    }
    shown = now;
    terminal.out().print(CLEAR_LINE + line.apply(now - start));
    terminal.out().flush();
    open = true;
  }

  /** Wipes the line; what comes after it counts as soon after the last. */
  public synchronized void end() {
    shown = nanoTime.getAsLong();
    close();
  }

  /** Wipes the line. */
  @Override
  public synchronized void close() {
    if (open) {
      terminal.out().print(CLEAR_LINE);
      terminal.out().flush();
      open = false;
    }
  }

  /** A bar of which {@code part} of {@code whole} is full. */
  static String bar(long part, long whole, boolean unicode) {
    int full = (int) (BAR_CELLS * part / whole);
    return "["
        + (unicode ? "█" : "#").repeat(full)
        + (unicode ? "░" : ".").repeat(BAR_CELLS - full)
        + "]";
  }
}
