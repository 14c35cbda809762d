package krites.transfer;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.security.MessageDigest;

/**
 * What is computed of a chunk, piece by piece, while the pieces are in a cache of the processor:
 * its seal, and its digest where that is wanted. Used by one thread, for one chunk after the other.
 */
final class ChunkCheck {
  private final byte[] key;
  private final boolean digests;
  private final MessageDigest sha = Digest.algorithm();
  private final byte[] heap =
      new byte[Manifest.PIECE]; // both algorithms are fast on heap arrays alone
  private Seal.Maker seal;

  /**
   * @param ticket of the content, whose seals it makes
   * @param digests whether the SHA-256 is computed too
   */
  ChunkCheck(Ticket ticket, boolean digests) {
    this.key = ticket.sealKey();
    this.digests = digests;
    this.seal = new Seal.Maker(key, 0, 0);
  }

  /** Begins a chunk of a file of the manifest. */
  void begin(int file, int chunk) {
    seal = new Seal.Maker(key, file, chunk);
    sha.reset();
  }

  /** The next piece: what the buffer has left, at most {@link Manifest#PIECE}; stays readable. */
  void update(ByteBuffer piece) {
    int length = piece.remaining();
    piece.get(piece.position(), heap, 0, length);
    seal.update(heap, length);
    if (digests) {
      sha.update(heap, 0, length);
    }
  }

  /** A whole chunk of a file, through a buffer of at most {@link Manifest#PIECE}. */
  void file(FileChannel file, int index, int chunk, int length, ByteBuffer piece)
      throws IOException {
    begin(index, chunk);
    long start = (long) chunk * Manifest.CHUNK;
    int done = 0;
    while (done < length) {
      Manifest.readChunk(file, start + done, Math.min(piece.capacity(), length - done), piece);
      done += piece.remaining();
      update(piece);
    }
  }

  /** Whether the chunk is what its manifest says; ends it. */
  boolean isRight(Manifest.Entry entry, int chunk) {
    return seal().equals(entry.seals().get(chunk))
        && (!digests || digest().equals(entry.digests().get(chunk)));
  }

  /** Ends the chunk. */
  Seal seal() {
    return seal.make();
  }

  /** Ends the chunk. */
  Digest digest() {
    return Digest.of(sha.digest());
  }
}
