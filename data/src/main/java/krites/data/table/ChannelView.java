package krites.data.table;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;

/**
 * A file from a place on, with a position of its own, so that readings do not disturb each other.
 */
final class ChannelView implements ReadableByteChannel {
  private final FileChannel channel;
  private long position;

  ChannelView(FileChannel channel, long position) {
    this.channel = channel;
    this.position = position;
  }

  @Override
  public int read(ByteBuffer to) throws IOException {
    int read = channel.read(to, position);
    position += Math.max(0, read);
    return read;
  }

  @Override
  public boolean isOpen() {
    return channel.isOpen();
  }

  /** Leaves the file open, which others read too. */
  @Override
  public void close() {}
}
