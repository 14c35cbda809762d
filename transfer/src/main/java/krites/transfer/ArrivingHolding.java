package krites.transfer;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * A content while it arrives: part files, and which of their chunks are right.
 *
 * <p>The part files are their own record: after a crash the chunks whose checksums are right need
 * not come again, and nothing else has to be trusted.
 */
final class ArrivingHolding implements Holding {
  private final Manifest manifest;
  private final List<FileChannel> files = new ArrayList<>();
  private final List<BitSet> here = new ArrayList<>();
  private boolean closed;

  /**
   * Opens or makes the part files, and finds what is right in them already.
   *
   * @param ticket of the content, for the seals that tell it
   * @param digests whether the digests of the chunks are compared too
   */
  ArrivingHolding(Path folder, Manifest manifest, Ticket ticket, boolean digests)
      throws IOException {
    this.manifest = manifest;
    Files.createDirectories(folder);
    try {
      for (Manifest.Entry entry : manifest.files()) {
        FileChannel file =
            FileChannel.open(
                folder.resolve(entry.name()),
                StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE);
        files.add(file);
        here.add(rightChunks(file, here.size(), ticket, digests));
      }
    } catch (IOException e) {
      close();
      throw e;
    }
  }

  private BitSet rightChunks(FileChannel file, int index, Ticket ticket, boolean digests)
      throws IOException {
    Manifest.Entry entry = manifest.files().get(index);
    BitSet right = new BitSet(entry.chunks());
    if (file.size() > entry.bytes()) {
      file.truncate(entry.bytes());
    }
    long size = file.size();
    int whole = size == entry.bytes() ? entry.chunks() : (int) (size / Manifest.CHUNK);
    EachChunk.on(
        whole,
        () -> {
          ChunkCheck check = new ChunkCheck(ticket, digests);
          ByteBuffer piece = ByteBuffer.allocateDirect(Manifest.PIECE);
          return chunk -> {
            check.file(file, index, chunk, entry.length(chunk), piece);
            if (check.isRight(entry, chunk)) {
              synchronized (right) {
                right.set(chunk);
              }
            }
          };
        });
    return right;
  }

  /** Writes a part of a chunk that is missing; nobody is served it before {@link #arrived}. */
  void write(int file, long start, ByteBuffer bytes) throws IOException {
    long at = start;
    while (bytes.hasRemaining()) {
      at += files.get(file).write(bytes, at);
    }
  }

  /** All parts of a chunk were written, and it is right: it is served. */
  synchronized void arrived(int file, int chunk) {
    here.get(file).set(chunk);
    notifyAll();
  }

  /** The first chunk at or behind {@code from}, in steps of {@code stride}, that is missing. */
  synchronized int nextMissing(int file, int from, int stride) {
    int chunk = from;
    while (chunk < manifest.files().get(file).chunks() && here.get(file).get(chunk)) {
      chunk += stride;
    }
    return chunk;
  }

  /** How many chunks from a missing one on, in steps of {@code stride}, are missing in a row. */
  synchronized int missingRun(int file, int from, int stride) {
    int count = 0;
    for (int chunk = from;
        chunk < manifest.files().get(file).chunks() && !here.get(file).get(chunk);
        chunk += stride) {
      count++;
    }
    return count;
  }

  /** Bytes that are here. */
  synchronized long bytes() {
    long sum = 0;
    for (int file = 0; file < files.size(); file++) {
      Manifest.Entry entry = manifest.files().get(file);
      sum += here.get(file).stream().mapToLong(entry::length).sum();
    }
    return sum;
  }

  @Override
  public Manifest manifest() {
    return manifest;
  }

  @Override
  public FileChannel file(int index) {
    return files.get(index);
  }

  @Override
  public synchronized Chunk await(int file, int chunk, Duration most) throws InterruptedException {
    long end = System.nanoTime() + most.toNanos();
    while (!closed && !here.get(file).get(chunk)) {
      long left = end - System.nanoTime();
      if (left <= 0) {
        return Chunk.NOT_YET;
      }
      wait(left / 1_000_000, (int) (left % 1_000_000));
    }
    return closed ? Chunk.NEVER : Chunk.HERE;
  }

  @Override
  public void close() throws IOException {
    synchronized (this) {
      closed = true;
      notifyAll();
    }
    for (FileChannel file : files) {
      file.close();
    }
  }
}
