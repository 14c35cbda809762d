package krites.app.display;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.function.LongSupplier;
import krites.model.safetensors.LoadProgress;

/**
 * One line with a bar while weights are read or written, where a person looks; it appears when the
 * work takes long, and is wiped away when it is done. Thread safe.
 */
public final class ByteProgress implements LoadProgress, AutoCloseable {
  private static final String CLEAR_LINE = "\r\u001b[K";
  private static final long PATIENCE_NANOS = 500_000_000;
  private static final long EVERY_NANOS = 100_000_000;
  private static final int BAR_CELLS = 20;

  private final Terminal terminal;
  private final String deed;
  private final LongSupplier nanoTime;
  private final long start;
  private long shown;
  private boolean open;

  /**
   * @param deed what is done, such as {@code loading}
   * @param nanoTime a clock such as {@code System::nanoTime}
   */
  public ByteProgress(Terminal terminal, String deed, LongSupplier nanoTime) {
    this.terminal = terminal;
    this.deed = deed;
    this.nanoTime = nanoTime;
    this.start = nanoTime.getAsLong();
    this.shown = start + PATIENCE_NANOS - EVERY_NANOS;
  }

  @Override
  public synchronized void reached(long bytes, long total) {
    long now = nanoTime.getAsLong();
    if (!terminal.interactive() || (now - shown < EVERY_NANOS && bytes < total)) {
      return;
    }
    shown = now;
    if (bytes >= total) {
      close(); // the next load of the same engine begins a line of its own
      return;
    }
    PrintStream out = terminal.out();
    out.print(CLEAR_LINE + line(bytes, total, now - start, terminal.unicode()));
    out.flush();
    open = true;
  }

  /** The line for a moment. */
  static String line(long bytes, long total, long nanos, boolean unicode, String deed) {
    int full = (int) (BAR_CELLS * bytes / Math.max(1, total));
    double seconds = Math.max(nanos, 1) / 1e9;
    long left = (long) ((total - bytes) * seconds / Math.max(1, bytes));
    return String.format(
        Locale.ROOT,
        "%s  [%s%s]  %.1f of %.1f GB  %.1f GB/s  eta %s",
        deed,
        (unicode ? "█" : "#").repeat(full),
        (unicode ? "░" : ".").repeat(BAR_CELLS - full),
        bytes / 1e9,
        total / 1e9,
        bytes / 1e9 / seconds,
        ProgressLine.clock(Duration.ofSeconds(left)));
  }

  private String line(long bytes, long total, long nanos, boolean unicode) {
    return line(bytes, total, nanos, unicode, deed);
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
}
