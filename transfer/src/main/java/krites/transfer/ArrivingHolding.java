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

  /** Opens or makes the part files, and finds what is right in them already. */
  ArrivingHolding(Path folder, Manifest manifest) throws IOException {
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
        here.add(rightChunks(file, entry));
      }
    } catch (IOException e) {
      close();
      throw e;
    }
  }

  private static BitSet rightChunks(FileChannel file, Manifest.Entry entry) throws IOException {
    BitSet right = new BitSet(entry.chunks());
    if (file.size() == 0) {
      return right;
    }
    if (file.size() > entry.bytes()) {
      file.truncate(entry.bytes());
    }
    ByteBuffer buffer = ByteBuffer.allocateDirect(Manifest.CHUNK);
    for (int chunk = 0; chunk < entry.chunks(); chunk++) {
      if (entry.start(chunk) + entry.length(chunk) <= file.size()) {
        Manifest.readChunk(file, entry.start(chunk), entry.length(chunk), buffer);
        right.set(chunk, Manifest.sum(buffer) == entry.chunkSums()[chunk]);
      }
    }
    return right;
  }

  /** Writes a chunk whose checksum was compared, and lets it be served. */
  void put(int file, int chunk, ByteBuffer bytes) throws IOException {
    long start = manifest.files().get(file).start(chunk);
    while (bytes.hasRemaining()) {
      start += files.get(file).write(bytes, start);
    }
    synchronized (this) {
      here.get(file).set(chunk);
      notifyAll();
    }
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
