package krites.app.display;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.function.LongSupplier;
import krites.data.DatasetReader;

/**
 * One line with a bar while a data set is read, where a person looks; it appears when the work
 * takes long, and is wiped away when it is done. Its owner is one thread.
 */
public final class ReadProgress implements DatasetReader.Progress, AutoCloseable {
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
   * @param deed what is done, such as {@code reading pairs.parquet}
   * @param nanoTime a clock such as {@code System::nanoTime}
   */
  public ReadProgress(Terminal terminal, String deed, LongSupplier nanoTime) {
    this.terminal = terminal;
    this.deed = deed;
    this.nanoTime = nanoTime;
    this.start = nanoTime.getAsLong();
    this.shown = start + PATIENCE_NANOS - EVERY_NANOS;
  }

  @Override
  public void reached(long done, long total) {
    if (!terminal.interactive()) {
      return;
    }
    long now = nanoTime.getAsLong();
    if (now - shown < EVERY_NANOS) {
      return;
    }
    shown = now;
    PrintStream out = terminal.out();
    out.print(CLEAR_LINE + line(deed, done, total, now - start, terminal.unicode()));
    out.flush();
    open = true;
  }

  /** The line for a moment. */
  static String line(String deed, long done, long total, long nanos, boolean unicode) {
    long whole = Math.max(1, total);
    long part = Math.min(done, whole);
    int full = (int) (BAR_CELLS * part / whole);
    long left = (long) ((whole - part) * (nanos / 1e9) / Math.max(1, part));
    return String.format(
        Locale.ROOT,
        "%s  [%s%s]  %d %%  eta %s",
        deed,
        (unicode ? "█" : "#").repeat(full),
        (unicode ? "░" : ".").repeat(BAR_CELLS - full),
        100 * part / whole,
        ProgressLine.clock(Duration.ofSeconds(left)));
  }

  /** Wipes the line. */
  @Override
  public void close() {
    if (open) {
      terminal.out().print(CLEAR_LINE);
      terminal.out().flush();
      open = false;
    }
  }
}
