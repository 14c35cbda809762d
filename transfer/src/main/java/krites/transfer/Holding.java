package krites.transfer;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.time.Duration;

/** A content that can be served: complete, or while it arrives. Thread safe. */
sealed interface Holding extends AutoCloseable permits CompleteHolding, ArrivingHolding {
  /** What may be had of a chunk. */
  enum Chunk {
    HERE,
    NOT_YET,
    NEVER
  }

  Manifest manifest();

  /** The file at an index of the manifest; only chunks that are {@link Chunk#HERE} may be read. */
  FileChannel file(int index);

  /** Waits for a chunk, at most so long. */
  Chunk await(int file, int chunk, Duration most) throws InterruptedException;

  /** Ends all transfers from here. */
  @Override
  void close() throws IOException;
}
