package krites.app.run;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** What a journal needs of the disk; tests put a disk here that fails. */
interface JournalFile extends Closeable {
  /** Adds bytes at the end; when this throws, some of them may be there. */
  void append(byte[] bytes) throws IOException;

  /** Returns when everything that was added survives a loss of power. */
  void force() throws IOException;

  /** Cuts the file to a length. */
  void cut(long length) throws IOException;

  /** A file of the file system, made if there is none. */
  static JournalFile open(Path file) throws IOException {
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    return new JournalFile() {
      @Override
      public void append(byte[] bytes) throws IOException {
        channel.position(channel.size());
        ByteBuffer left = ByteBuffer.wrap(bytes);
        while (left.hasRemaining()) {
          channel.write(left);
        }
      }

      @Override
      public void force() throws IOException {
        channel.force(false); // the length is forced with the content
      }

      @Override
      public void cut(long length) throws IOException {
        channel.truncate(length);
      }

      @Override
      public void close() throws IOException {
        channel.close();
      }
    };
  }
}
