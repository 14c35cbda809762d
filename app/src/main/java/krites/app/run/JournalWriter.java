package krites.app.run;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import krites.app.config.RunConfig;
import krites.grpo.flow.LedgerEvent;
import org.jspecify.annotations.Nullable;

/**
 * Adds records to a journal. When {@link #append} returns, the records are with the operating
 * system and survive the death of this process; when they survive a loss of power too is the choice
 * of {@code journal.fsync}.
 *
 * <p>After a failure nothing is written any more: the file is cut back to the last record that was
 * acknowledged, and every further call fails with the same message. Thread safe.
 */
public final class JournalWriter implements AutoCloseable {
  /** More records than pass between a checkpoint's state and its writing; 64 Ki places of 12 B. */
  private static final int RECENT = 1 << 16;

  private final Path path;
  private final JournalFile file;
  private final RunConfig.Journal settings;
  private final InstantSource clock;
  private final int[] recent = new int[RECENT];
  private final long[] recentEnds = new long[RECENT];
  private @Nullable ScheduledExecutorService timer;
  private final long opened;
  private boolean forceIsDue;
  private boolean closed;
  private long records;
  private String digest;
  private long bytes;
  private @Nullable RunFileException broken;

  JournalWriter(
      Path path,
      JournalFile file,
      JournalEnd end,
      RunConfig.Journal settings,
      InstantSource clock) {
    this.path = path;
    this.file = file;
    this.settings = settings;
    this.clock = clock;
    this.opened = end.records();
    this.records = end.records();
    this.digest = end.digest();
    this.bytes = end.bytes();
    remember(records, Integer.parseUnsignedInt(digest, 16), bytes);
  }

  /**
   * Opens a journal to go on with; it is made if it is not there.
   *
   * @param end where it ends, as {@link JournalReader#end} found it; what lies behind that is cut
   *     off
   * @throws RunFileException if it cannot be written
   */
  static JournalWriter open(
      Path path, JournalEnd end, RunConfig.Journal settings, InstantSource clock) {
    try {
      JournalFile file = JournalFile.open(path);
      file.cut(end.bytes());
      if (settings.fsync() != RunConfig.FsyncKind.NEVER) {
        file.force();
        DurableFiles.forceFolderOf(path);
      }
      return new JournalWriter(path, file, end, settings, clock);
    } catch (IOException e) {
      throw new RunFileException("write", path, e);
    }
  }

  /**
   * Adds records, all or none.
   *
   * @throws RunFileException if they cannot be written, for example because the disk is full
   */
  public synchronized void append(List<LedgerEvent> events) {
    requireWhole();
    ByteArrayOutputStream lines = new ByteArrayOutputStream();
    int[] crcs = new int[events.size()];
    int[] ends = new int[events.size()];
    String last = digest;
    for (int i = 0; i < crcs.length; i++) {
      JournalLine.Written line =
          JournalLine.write(records + i + 1, clock.instant(), events.get(i), last);
      lines.writeBytes(line.text().getBytes(StandardCharsets.UTF_8));
      last = line.crc();
      crcs[i] = Integer.parseUnsignedInt(last, 16);
      ends[i] = lines.size();
    }
    byte[] text = lines.toByteArray();
    try {
      file.append(text);
      if (settings.fsync() == RunConfig.FsyncKind.ALWAYS) {
        file.force();
      }
    } catch (IOException e) {
      throw failed(e);
    }
    for (int i = 0; i < crcs.length; i++) {
      remember(records + i + 1, crcs[i], bytes + ends[i]);
    }
    records += crcs.length;
    bytes += text.length;
    digest = last;
    if (settings.fsync() == RunConfig.FsyncKind.BATCH && !events.isEmpty()) {
      forceSoon();
    }
  }

  /**
   * Forces what was written to disk, unless {@code journal.fsync} is {@code never}.
   *
   * @throws RunFileException if that fails
   */
  public synchronized void sync() {
    requireWhole();
    if (settings.fsync() != RunConfig.FsyncKind.NEVER) {
      force();
    }
  }

  /** Records written so far, those before a resume included. */
  public synchronized long records() {
    return records;
  }

  /** The checksum of the last record, which stands for all of them. */
  public synchronized String digest() {
    return digest;
  }

  /**
   * Where the journal ended with a record.
   *
   * @throws IllegalStateException if it was not written yet
   */
  public synchronized JournalEnd at(long record) {
    if (record > records) {
      throw new IllegalStateException(
          "the place of record " + record + " was asked for, the journal has " + records);
    }
    if (record >= opened && record > records - RECENT) {
      int slot = (int) (record % RECENT);
      return new JournalEnd(record, HexFormat.of().toHexDigits(recent[slot]), recentEnds[slot], 0);
    }
    try (JournalReader reader = JournalReader.open(path)) {
      reader.skip(record);
      return reader.end();
    }
  }

  private void remember(long record, int crc, long end) {
    int slot = (int) (record % RECENT);
    recent[slot] = crc;
    recentEnds[slot] = end;
  }

  private void forceSoon() {
    if (forceIsDue) {
      return;
    }
    forceIsDue = true;
    if (timer == null) {
      timer =
          Executors.newSingleThreadScheduledExecutor(
              Thread.ofPlatform().daemon().name("krites-journal-fsync").factory());
    }
    var _ = timer.schedule(this::forceNow, settings.fsyncMillis(), TimeUnit.MILLISECONDS);
  }

  /** A failure is kept for the next call, which has somebody to tell. */
  private synchronized void forceNow() {
    forceIsDue = false;
    if (broken == null && !closed) {
      try {
        file.force();
      } catch (IOException e) {
        var _ = failed(e);
      }
    }
  }

  private void force() {
    try {
      file.force();
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private RunFileException failed(IOException cause) {
    RunFileException failure =
        new RunFileException(
            "write", path, cause, "its " + records + " records before that are kept");
    try {
      file.cut(bytes);
    } catch (IOException e) {
      failure.addSuppressed(e); // a reader takes what is left for the torn tail that it is
    }
    broken = failure;
    return failure;
  }

  private void requireWhole() {
    if (broken != null) {
      throw new RunFileException(broken);
    }
  }

  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    if (timer != null) {
      timer.shutdownNow(); // what it would force is forced here
    }
    try (file) {
      if (broken == null && settings.fsync() != RunConfig.FsyncKind.NEVER) {
        file.force();
      }
    } catch (IOException e) {
      throw new RunFileException("close", path, e);
    }
  }
}
