package krites.data.table;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.function.Predicate;

/** One JSON object a line, UTF-8; blank lines are none. A position is the offset of a line. */
final class JsonLinesTable implements Table {
  private static final int BUFFER_BYTES = 1 << 16;

  private final FileChannel channel;
  private final long size;

  JsonLinesTable(Path file) throws IOException {
    channel = FileChannel.open(file);
    size = channel.size();
  }

  @Override
  public String unit() {
    return "line";
  }

  @Override
  public String container() {
    return "JSON Lines";
  }

  @Override
  public long size() {
    return size;
  }

  @Override
  public OptionalLong rows() {
    return OptionalLong.empty();
  }

  @Override
  public ObjectNode row(long position, Predicate<String> wanted) throws IOException {
    LimitedLines lines = new LimitedLines(from(position), position);
    if (!lines.next() || lines.tooLong()) {
      throw new IOException("has no line at byte " + position);
    }
    return JsonRows.object(text(lines.bytes()));
  }

  /** The file from a byte on; closing it is not needed and would close the channel. */
  private InputStream from(long position) {
    FileChannel source = channel;
    return new BufferedInputStream(
        Channels.newInputStream(new ChannelView(source, position)), BUFFER_BYTES);
  }

  private static String text(byte[] line) throws IOException {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(line)).toString();
    } catch (CharacterCodingException e) {
      throw new IOException("is not UTF-8 text", e);
    }
  }

  @Override
  public Scan scan() {
    LimitedLines lines = new LimitedLines(from(0), 0);
    return new Scan() {
      private boolean peeked;
      private boolean more;

      @Override
      public boolean hasNext() throws IOException {
        if (!peeked) {
          do {
            more = lines.next();
          } while (more && lines.isBlank());
          peeked = true;
        }
        return more;
      }

      @Override
      public RowRead next() throws IOException {
        if (!hasNext()) {
          throw new IOException("has no more lines");
        }
        peeked = false;
        if (lines.tooLong()) {
          String problem = "is longer than " + LimitedLines.LONGEST + " bytes";
          return new RowRead.Unreadable(lines.number(), problem, 1);
        }
        try {
          ObjectNode cells = JsonRows.object(text(lines.bytes()));
          return new RowRead.Row(lines.number(), lines.offset(), cells);
        } catch (IOException e) {
          return new RowRead.Unreadable(lines.number(), String.valueOf(e.getMessage()), 1);
        }
      }

      @Override
      public long done() {
        return lines.read();
      }

      @Override
      public void close() {}
    };
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
