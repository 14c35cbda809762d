package krites.app.run;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import krites.app.InputError;

/**
 * Reads a journal from the beginning, record by record, and refuses it at the first line that is
 * not the one that was written. Memory does not depend on the length of the journal.
 *
 * <p>What follows the last line feed was never acknowledged: a crash left it. It is not a record
 * and not an error; {@link #end} counts its bytes. A journal may be read while it is written: asked
 * again at its end, the reader goes on with what was written since.
 */
public final class JournalReader implements AutoCloseable {
  /** A batch of a million groups fits; what is longer is no line of ours. */
  private static final int LINE_BYTES_MAX = 16 << 20;

  private static final int BUFFER_BYTES = 1 << 16; // a few hundred records for one read

  private final Path file;
  private final InputStream in;
  private final byte[] buffer = new byte[BUFFER_BYTES];
  private int bufferStart;
  private int bufferEnd;
  private byte[] line = new byte[BUFFER_BYTES];
  private int lineLength; // as far as it is kept
  private long lineBytes; // as far as it was read
  private boolean lineIsRead = true;
  private long records;
  private String digest = JournalLine.FIRST;
  private long bytes;
  private long tornBytes;

  private JournalReader(Path file, InputStream in) {
    this.file = file;
    this.in = in;
  }

  /**
   * Opens a journal.
   *
   * @throws InputError if there is no such file or it cannot be read
   */
  public static JournalReader open(Path file) {
    try {
      return new JournalReader(file, Files.newInputStream(file));
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  /**
   * Opens a journal where it ended once, without reading what stands before: that record vouches
   * for all of it.
   *
   * @return empty if the record that ends there is not the one that did
   * @throws InputError if there is no such file or it cannot be read
   */
  public static Optional<JournalReader> openAt(Path file, JournalEnd place) {
    FileChannel channel;
    try {
      channel = FileChannel.open(file);
    } catch (IOException e) {
      throw unreadable(file, e);
    }
    try {
      if (endsAt(channel, place)) {
        channel.position(place.bytes());
        JournalReader reader = new JournalReader(file, Channels.newInputStream(channel));
        reader.records = place.records();
        reader.digest = place.digest();
        reader.bytes = place.bytes();
        return Optional.of(reader);
      }
      channel.close();
      return Optional.empty();
    } catch (IOException e) {
      try {
        channel.close();
      } catch (IOException closing) {
        e.addSuppressed(closing);
      }
      throw unreadable(file, e);
    }
  }

  private static boolean endsAt(FileChannel channel, JournalEnd place) throws IOException {
    if (place.bytes() > channel.size()) {
      return false;
    }
    Optional<LinesFromEnd.Line> last = LinesFromEnd.before(channel, place.bytes());
    if (last.isEmpty()) {
      return place.records() == 0;
    }
    byte[] line = last.get().bytes();
    return last.get().whole()
        && JournalLine.seqOf(line, line.length) == place.records()
        && place.digest().equals(JournalLine.crcOf(line, line.length));
  }

  private static InputError unreadable(Path file, IOException cause) {
    return new InputError(RunFileException.message("read", file, cause), cause);
  }

  /**
   * The next record; empty at the end.
   *
   * @throws JournalException if the line is damaged, or of another version
   */
  public Optional<JournalRecord> next() {
    if (!advance()) {
      return Optional.empty();
    }
    try {
      return Optional.of(JournalLine.parse(line, lineLength));
    } catch (EventJson.Unreadable e) {
      throw JournalException.foreign(file, records, String.valueOf(e.getMessage()));
    }
  }

  /**
   * Passes over records; their checksums are checked, their content is not looked at.
   *
   * @return how many there were
   * @throws JournalException if a line is damaged
   */
  public long skip(long most) {
    long skipped = 0;
    while (skipped < most && advance()) {
      skipped++;
    }
    return skipped;
  }

  /** Where the reader stands; the end of the journal when nothing is left. */
  public JournalEnd end() {
    return new JournalEnd(records, digest, bytes, tornBytes);
  }

  public Path file() {
    return file;
  }

  private boolean advance() {
    boolean whole;
    try {
      whole = readLine();
    } catch (IOException e) {
      throw new RunFileException("read", file, e);
    }
    if (!whole) {
      return false;
    }
    long seq = records + 1;
    String trouble = JournalLine.trouble(seq, digest, line, lineLength);
    if (trouble != null) {
      throw JournalException.damaged(file, seq, trouble);
    }
    digest = String.valueOf(JournalLine.crcOf(line, lineLength));
    records = seq;
    bytes += lineLength + 1;
    return true;
  }

  /** Whether a line that ends with a line feed was read; what is left at the end is counted. */
  private boolean readLine() throws IOException {
    if (lineIsRead) {
      lineLength = 0;
      lineBytes = 0;
      lineIsRead = false;
    }
    while (true) {
      if (bufferStart == bufferEnd) {
        bufferEnd = Math.max(0, in.read(buffer));
        bufferStart = 0;
        if (bufferEnd == 0) {
          tornBytes = lineBytes;
          return false;
        }
      }
      int end = bufferStart;
      while (end < bufferEnd && buffer[end] != '\n') {
        end++;
      }
      lineBytes += end - bufferStart;
      if (lineBytes <= LINE_BYTES_MAX) {
        keep(end - bufferStart);
      }
      lineIsRead = end < bufferEnd;
      bufferStart = lineIsRead ? end + 1 : end;
      if (lineIsRead && lineBytes > LINE_BYTES_MAX) {
        throw JournalException.damaged(
            file, records + 1, "expected a record, found a line of " + lineBytes + " bytes");
      }
      if (lineIsRead) {
        tornBytes = 0;
        return true;
      }
    }
  }

  private void keep(int count) {
    if (lineLength + count > line.length) {
      line = Arrays.copyOf(line, Math.max(2 * line.length, lineLength + count));
    }
    System.arraycopy(buffer, bufferStart, line, lineLength, count);
    lineLength += count;
  }

  @Override
  public void close() {
    try {
      in.close();
    } catch (IOException e) {
      throw new RunFileException("close", file, e);
    }
  }
}
