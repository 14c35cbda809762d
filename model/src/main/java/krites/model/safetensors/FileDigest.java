package krites.model.safetensors;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** SHA-256 of a file, one thread reading on while another hashes. */
public final class FileDigest {
  /** Is still in a cache of the processor when it is hashed. */
  private static final int PIECE_BYTES = 1 << 20;

  private FileDigest() {}

  /** In hexadecimal. */
  public static String sha256(Path file) throws IOException {
    OrderedDigest digest = new OrderedDigest();
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long bytes = channel.size();
      int pieces = Math.toIntExact((bytes + PIECE_BYTES - 1) / PIECE_BYTES);
      Pieces.run(
          pieces,
          PIECE_BYTES,
          (piece, scratch) -> {
            long from = (long) piece * PIECE_BYTES;
            MemorySegment part = scratch.asSlice(0, Math.min(PIECE_BYTES, bytes - from));
            try {
              read(channel, part.asByteBuffer(), from);
              digest.add(piece, part);
            } catch (IOException | RuntimeException | Error e) {
              digest.abandon();
              throw e;
            }
          });
      return digest.hex(pieces);
    }
  }

  private static void read(FileChannel channel, ByteBuffer target, long from) throws IOException {
    while (target.hasRemaining()) {
      if (channel.read(target, from + target.position()) < 0) {
        throw new EOFException("ends at byte " + channel.size() + ": cut while it is read");
      }
    }
  }
}
