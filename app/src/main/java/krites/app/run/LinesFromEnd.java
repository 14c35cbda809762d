package krites.app.run;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.Arrays;
import java.util.Optional;

/**
 * Reads a file of lines from its end, so that what was written last is found at once, however long
 * the file is.
 */
final class LinesFromEnd {
  private static final int BLOCK_BYTES = 1 << 16;
  private static final int LINE_BYTES_MAX = 1 << 28; // more is no file of lines

  private LinesFromEnd() {}

  /**
   * A line.
   *
   * @param start where it begins in the file, in bytes
   * @param bytes without the line feed
   * @param whole whether a line feed ends it
   */
  @SuppressWarnings("ArrayRecordComponent") // looked at, never compared
  record Line(long start, byte[] bytes, boolean whole) {}

  /**
   * The line that ends at a place.
   *
   * @param end in bytes from the beginning of the file; at most its length
   * @return empty at the beginning
   * @throws IOException if the file cannot be read, or has no line there
   */
  static Optional<Line> before(FileChannel channel, long end) throws IOException {
    if (end == 0) {
      return Optional.empty();
    }
    int block = (int) Math.min(BLOCK_BYTES, end);
    while (true) {
      byte[] bytes = read(channel, end - block, block);
      boolean whole = bytes[block - 1] == '\n';
      int length = whole ? block - 1 : block;
      int start = length;
      while (start > 0 && bytes[start - 1] != '\n') {
        start--;
      }
      if (start > 0 || block == end) {
        byte[] line = Arrays.copyOfRange(bytes, start, length);
        return Optional.of(new Line(end - block + start, line, whole));
      }
      if (block >= LINE_BYTES_MAX) {
        throw new IOException("the line that ends at byte " + end + " is longer than " + block);
      }
      block = (int) Math.min(2L * block, end);
    }
  }

  private static byte[] read(FileChannel channel, long from, int length) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(length);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, from + buffer.position()) < 0) {
        throw new IOException("it has become shorter while it was read");
      }
    }
    return buffer.array();
  }
}
