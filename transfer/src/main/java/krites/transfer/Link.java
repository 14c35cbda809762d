package krites.transfer;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * One connection, used by one thread. Every call ends: with the bytes moved, or with an exception
 * when the peer moved none for as long as the link has patience.
 */
interface Link extends AutoCloseable {
  /** Sends all that the buffer has left. */
  void send(ByteBuffer bytes) throws IOException;

  /** Sends a part of a file. */
  void send(FileChannel file, long start, int length) throws IOException;

  /**
   * Fills the buffer up to its limit.
   *
   * @throws TransferException if the peer ends before
   */
  void receive(ByteBuffer target) throws IOException;

  /** Address of the other end, for messages. */
  String peer();

  @Override
  void close();
}
