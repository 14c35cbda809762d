package krites.app.display;

import java.time.Duration;
import java.util.Locale;
import java.util.function.LongSupplier;
import krites.model.safetensors.LoadProgress;

/**
 * One line with a bar while weights are read or written, where a person looks; it appears when the
 * work takes long, and is wiped away when it is done. Thread safe.
 */
public final class ByteProgress implements LoadProgress, AutoCloseable {
  private final Terminal terminal;
  private final String deed;
  private final PassingLine line;

  /**
   * @param deed what is done, such as {@code loading}
   * @param nanoTime a clock such as {@code System::nanoTime}
   */
  public ByteProgress(Terminal terminal, String deed, LongSupplier nanoTime) {
    this.terminal = terminal;
    this.deed = deed;
    this.line = new PassingLine(terminal, nanoTime);
  }

  @Override
  public void reached(long bytes, long total) {
    if (bytes >= total) {
      line.end(); // the next load of the same engine begins a line of its own
    } else {
      line.show(nanos -> line(bytes, total, nanos, terminal.unicode(), deed));
    }
  }

  /** The line for a moment. */
  static String line(long bytes, long total, long nanos, boolean unicode, String deed) {
    double seconds = Math.max(nanos, 1) / 1e9;
    long left = (long) ((total - bytes) * seconds / Math.max(1, bytes));
    return String.format(
        Locale.ROOT,
        "%s  %s  %.1f of %.1f GB  %.1f GB/s  eta %s",
        deed,
        PassingLine.bar(bytes, Math.max(1, total), unicode),
        bytes / 1e9,
        total / 1e9,
        bytes / 1e9 / seconds,
        ProgressLine.clock(Duration.ofSeconds(left)));
  }

  /** Wipes the line. */
  @Override
  public void close() {
    line.close();
  }
}
