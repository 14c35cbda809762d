package krites.data.parquet;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.Util;

/**
 * The last part of a Parquet file: what its columns are and where their bytes lie.
 *
 * <p>Source: the Parquet format's README: {@code PAR1}, pages, footer, its length in four bytes,
 * {@code PAR1}.
 */
final class ParquetFooter {
  static final byte[] MAGIC = "PAR1".getBytes(StandardCharsets.US_ASCII);

  private static final byte[] ENCRYPTED = "PARE".getBytes(StandardCharsets.US_ASCII);
  private static final int TAIL_BYTES = 8;

  private ParquetFooter() {}

  /**
   * Reads the footer of a file.
   *
   * @throws IOException if the file is no whole Parquet file; the message says what is wrong, and
   *     names no file
   */
  static FileMetaData read(FileChannel channel) throws IOException {
    long size = channel.size();
    if (size < MAGIC.length + TAIL_BYTES) {
      throw new IOException("is no Parquet file: it has " + size + " bytes");
    }
    ByteBuffer tail = read(channel, size - TAIL_BYTES, TAIL_BYTES);
    int length = tail.getInt();
    byte[] magic = new byte[MAGIC.length];
    tail.get(magic);
    if (Arrays.equals(magic, ENCRYPTED)) {
      throw new IOException("is an encrypted Parquet file, which Krites does not read");
    }
    if (!Arrays.equals(magic, MAGIC)) {
      throw new IOException(
          "is no whole Parquet file: it does not end with PAR1; it may have been cut short, fetch"
              + " it again");
    }
    if (length <= 0 || length > size - MAGIC.length - TAIL_BYTES) {
      throw new IOException(
          "is a damaged Parquet file: its footer claims " + length + " bytes; fetch it again");
    }
    ByteBuffer footer = read(channel, size - TAIL_BYTES - length, length);
    try {
      return Util.readFileMetaData(new ByteArrayInputStream(footer.array()));
    } catch (IOException | RuntimeException e) { // whatever the bytes make the decoder do
      throw new IOException("is a damaged Parquet file: its footer cannot be decoded", e);
    }
  }

  /** A part of a file, little endian. */
  static ByteBuffer read(FileChannel channel, long offset, int length) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, offset + buffer.position()) < 0) {
        throw new IOException("ends at byte " + (offset + buffer.position()) + " within a page");
      }
    }
    return buffer.flip();
  }
}
