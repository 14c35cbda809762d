package krites.app.display;

import java.time.Duration;
import java.util.Locale;
import java.util.function.LongSupplier;
import krites.data.DatasetReader;

/**
 * One line with a bar while a data set is read, where a person looks; it appears when the work
 * takes long, and is wiped away when it is done. Thread safe.
 */
public final class ReadProgress implements DatasetReader.Progress, AutoCloseable {
  private final Terminal terminal;
  private final String deed;
  private final PassingLine line;

  /**
   * @param deed what is done, such as {@code reading pairs.parquet}
   * @param nanoTime a clock such as {@code System::nanoTime}
   */
  public ReadProgress(Terminal terminal, String deed, LongSupplier nanoTime) {
    this.terminal = terminal;
    this.deed = deed;
    this.line = new PassingLine(terminal, nanoTime);
  }

  @Override
  public void reached(long done, long total) {
    line.show(nanos -> line(deed, done, total, nanos, terminal.unicode()));
  }

  /** The line for a moment. */
  static String line(String deed, long done, long total, long nanos, boolean unicode) {
    long whole = Math.max(1, total);
    long part = Math.min(done, whole);
    long left = (long) ((whole - part) * (nanos / 1e9) / Math.max(1, part));
    return String.format(
        Locale.ROOT,
        "%s  %s  %d %%  eta %s",
        deed,
        PassingLine.bar(part, whole, unicode),
        100 * part / whole,
        ProgressLine.clock(Duration.ofSeconds(left)));
  }

  /** Wipes the line. */
  @Override
  public void close() {
    line.close();
  }
}
