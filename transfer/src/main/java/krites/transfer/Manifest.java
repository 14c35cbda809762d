package krites.transfer;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * What a content consists of: its files, a CRC-32C for each chunk, a SHA-256 for each file.
 *
 * <p>The digest of the encoded manifest names the content. It comes over the control plane; who has
 * it can trust the manifest from any source, and then each chunk from any source.
 *
 * @param files in the order of their names
 */
public record Manifest(List<Entry> files) {
  /**
   * Bytes that travel and are checked together. At 4 MiB a chain of hundreds of receivers adds a
   * second to one copy, and the overhead per chunk cannot be measured.
   */
  public static final int CHUNK = 4 << 20;

  /** Longest encoded manifest: a thousand shards of 64 GiB would fit. */
  static final int MAX_BYTES = 64 << 20;

  private static final int MAX_FILES = 4096;
  private static final int MAX_NAME = 255;
  private static final long MAX_FILE = 1L << 40;
  private static final int VERSION = 1;

  /**
   * One file.
   *
   * @param name without folders
   * @param bytes its length
   * @param sha256 of the whole file
   * @param chunkSums CRC-32C of each chunk
   */
  public record Entry(String name, long bytes, Digest sha256, int[] chunkSums) {
    public Entry {
      requirePlain(name);
      if (bytes < 0 || bytes > MAX_FILE) {
        throw new IllegalArgumentException(name + " has " + bytes + " bytes");
      }
      if (chunkSums.length != chunksOf(bytes)) {
        throw new IllegalArgumentException(
            name + " of " + bytes + " bytes has " + chunkSums.length + " checksums");
      }
    }

    /** How many chunks it has. */
    public int chunks() {
      return chunkSums.length;
    }

    long start(int chunk) {
      return (long) chunk * CHUNK;
    }

    int length(int chunk) {
      return (int) Math.min(CHUNK, bytes - start(chunk));
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Entry entry
          && name.equals(entry.name)
          && bytes == entry.bytes
          && sha256.equals(entry.sha256)
          && Arrays.equals(chunkSums, entry.chunkSums);
    }

    @Override
    public int hashCode() {
      return sha256.hashCode();
    }

    @Override
    public String toString() {
      return name + " (" + bytes + " bytes, SHA-256 " + sha256 + ")";
    }
  }

  public Manifest {
    files = List.copyOf(files);
    if (files.isEmpty() || files.size() > MAX_FILES) {
      throw new IllegalArgumentException("a content of " + files.size() + " files");
    }
    Set<String> names = new HashSet<>();
    for (Entry file : files) {
      if (!names.add(file.name())) {
        throw new IllegalArgumentException(file.name() + " occurs twice");
      }
    }
  }

  private static int chunksOf(long bytes) {
    return Math.toIntExact((bytes + CHUNK - 1) / CHUNK);
  }

  /** A name from the network becomes a file of ours: it must not leave its folder. */
  private static void requirePlain(String name) {
    boolean plain =
        !name.isEmpty()
            && name.length() <= MAX_NAME
            && name.charAt(0) != '.'
            && name.chars()
                .allMatch(
                    c ->
                        (c >= 'a' && c <= 'z')
                            || (c >= 'A' && c <= 'Z')
                            || (c >= '0' && c <= '9')
                            || c == '.'
                            || c == '-'
                            || c == '_');
    if (!plain) {
      throw new IllegalArgumentException("\"" + name + "\" is no plain file name");
    }
  }

  /** Bytes of all files. */
  public long bytes() {
    return files.stream().mapToLong(Entry::bytes).sum();
  }

  /** The name of the content. */
  public Digest digest() {
    return Digest.ofBytes(encode());
  }

  /** Reads all files of a folder once; folders in it are left out. */
  public static Manifest ofFolder(Path folder) throws IOException {
    List<Path> paths;
    try (Stream<Path> list = Files.list(folder)) {
      paths = list.filter(Files::isRegularFile).sorted().toList();
    }
    List<Entry> entries = new ArrayList<>();
    for (Path path : paths) {
      entries.add(entry(path));
    }
    return new Manifest(entries);
  }

  private static Entry entry(Path path) throws IOException {
    MessageDigest sha = Digest.algorithm();
    ByteBuffer buffer = ByteBuffer.allocateDirect(CHUNK);
    try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
      long bytes = file.size();
      int[] sums = new int[chunksOf(bytes)];
      for (int chunk = 0; chunk < sums.length; chunk++) {
        long start = (long) chunk * CHUNK;
        readChunk(file, start, (int) Math.min(CHUNK, bytes - start), buffer);
        sums[chunk] = sum(buffer);
        sha.update(buffer);
      }
      return new Entry(path.getFileName().toString(), bytes, Digest.of(sha.digest()), sums);
    }
  }

  /** Fills the buffer with {@code length} bytes from {@code start}; ready to be read. */
  static void readChunk(FileChannel file, long start, int length, ByteBuffer buffer)
      throws IOException {
    buffer.clear().limit(length);
    while (buffer.hasRemaining()) {
      if (file.read(buffer, start + buffer.position()) < 0) {
        throw new TransferException(
            "a file ends after " + (start + buffer.position()) + " bytes, its length was more");
      }
    }
    buffer.flip();
  }

  /** CRC-32C of what the buffer has left, which stays readable. */
  static int sum(ByteBuffer buffer) {
    CRC32C crc = new CRC32C();
    crc.update(buffer.duplicate());
    return (int) crc.getValue();
  }

  /** As bytes: version, number of files, then name, length, digest and checksums of each. */
  public byte[] encode() {
    int size = 8;
    for (Entry file : files) {
      size += 2 + file.name().length() + 8 + Digest.BYTES + 4 * file.chunks();
    }
    ByteBuffer target = ByteBuffer.allocate(size);
    target.putInt(VERSION).putInt(files.size());
    for (Entry file : files) {
      byte[] name = file.name().getBytes(StandardCharsets.US_ASCII);
      target.putShort((short) name.length).put(name).putLong(file.bytes());
      file.sha256().write(target);
      for (int sum : file.chunkSums()) {
        target.putInt(sum);
      }
    }
    return target.array();
  }

  /**
   * Reads what {@link #encode} wrote. Nothing larger than the bytes themselves is allocated,
   * whatever they say.
   *
   * @throws TransferException if they are no manifest
   */
  public static Manifest decode(byte[] bytes) throws TransferException {
    ByteBuffer from = ByteBuffer.wrap(bytes);
    try {
      int version = from.getInt();
      if (version != VERSION) {
        throw new TransferException("a manifest of version " + version + ", expected " + VERSION);
      }
      int count = from.getInt();
      if (count < 1 || count > MAX_FILES) {
        throw new TransferException("a manifest of " + count + " files");
      }
      List<Entry> files = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        files.add(decodeEntry(from));
      }
      if (from.hasRemaining()) {
        throw new TransferException(from.remaining() + " bytes behind the manifest");
      }
      return new Manifest(files);
    } catch (BufferUnderflowException | IllegalArgumentException | ArithmeticException e) {
      throw new TransferException("not a manifest: " + e.getMessage(), e);
    }
  }

  private static Entry decodeEntry(ByteBuffer from) {
    int length = from.getShort() & 0xFFFF;
    if (length > MAX_NAME) {
      throw new IllegalArgumentException("a name of " + length + " bytes");
    }
    byte[] name = new byte[length];
    from.get(name);
    long size = from.getLong();
    Digest sha256 = Digest.read(from);
    if (size < 0 || size > MAX_FILE || 4L * chunksOf(size) > from.remaining()) {
      throw new IllegalArgumentException("a file of " + size + " bytes without its checksums");
    }
    int[] sums = new int[chunksOf(size)];
    for (int i = 0; i < sums.length; i++) {
      sums[i] = from.getInt();
    }
    return new Entry(new String(name, StandardCharsets.US_ASCII), size, sha256, sums);
  }
}
