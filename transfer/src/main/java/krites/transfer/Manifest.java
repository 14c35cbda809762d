package krites.transfer;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What a content consists of: its files, and a {@link Seal} for each of their chunks, and where it
 * was made with them, a SHA-256 for each.
 *
 * <p>The digest of the encoded manifest names the content. It comes over the control plane; who has
 * it can trust the manifest from any source, and then each chunk from any source: a tree of two
 * levels, whose leaves can be compared in any order and on as many processors as there are.
 *
 * @param files in the order of their names
 * @param hasDigests whether chunks have a SHA-256
 */
public record Manifest(List<Entry> files, boolean hasDigests) {
  /**
   * Bytes that travel and are checked together. At 4 MiB a chain of hundreds of receivers adds a
   * second to one copy, and the overhead per chunk cannot be measured.
   */
  public static final int CHUNK = 4 << 20;

  /** Longest encoded manifest: seven TiB of chunks would fit. */
  static final int MAX_BYTES = 64 << 20;

  /**
   * Bytes that are read, checked and written on at once: they are still in a cache of the processor
   * each time.
   */
  static final int PIECE = 1 << 20;

  private static final int MAX_FILES = 4096;
  private static final int MAX_NAME = 255;
  private static final long MAX_FILE = 1L << 40;
  private static final int VERSION = 2;

  /**
   * One file.
   *
   * @param name without folders
   * @param bytes its length
   * @param seals of each chunk
   * @param digests SHA-256 of each chunk, or none
   */
  record Entry(String name, long bytes, List<Seal> seals, List<Digest> digests) {
    public Entry {
      requirePlain(name);
      if (bytes < 0 || bytes > MAX_FILE) {
        throw new IllegalArgumentException(name + " has " + bytes + " bytes");
      }
      seals = List.copyOf(seals);
      digests = List.copyOf(digests);
      if (seals.size() != chunksOf(bytes) || !digests.isEmpty() && digests.size() != seals.size()) {
        throw new IllegalArgumentException(
            name
                + " of "
                + bytes
                + " bytes has "
                + seals.size()
                + " seals and "
                + digests.size()
                + " digests");
      }
    }

    /** How many chunks it has. */
    int chunks() {
      return seals.size();
    }

    long start(int chunk) {
      return (long) chunk * CHUNK;
    }

    int length(int chunk) {
      return (int) Math.min(CHUNK, bytes - start(chunk));
    }

    @Override
    public String toString() {
      return name + " (" + bytes + " bytes)";
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
      if (file.digests().isEmpty() == (hasDigests && file.chunks() > 0)) {
        throw new IllegalArgumentException(
            file.name() + " has " + file.digests().size() + " digests");
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

  /**
   * Reads all files of a folder once, on all processors; folders in it are left out.
   *
   * @param ticket of this content and no other: it is the key of the seals
   * @param digests whether each chunk gets a SHA-256 too, for receivers that compare it
   * @throws TransferException if a file cannot be read as it is
   */
  public static Manifest ofFolder(Path folder, Ticket ticket, boolean digests) throws IOException {
    List<Path> paths;
    try (Stream<Path> list = Files.list(folder)) {
      paths = list.filter(Files::isRegularFile).sorted().toList();
    }
    List<Entry> entries = new ArrayList<>();
    for (Path path : paths) {
      entries.add(entry(path, entries.size(), ticket, digests));
    }
    return new Manifest(entries, digests);
  }

  private static Entry entry(Path path, int index, Ticket ticket, boolean digests)
      throws IOException {
    try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
      long bytes = file.size();
      Seal[] seals = new Seal[chunksOf(bytes)];
      Digest[] shas = new Digest[digests ? seals.length : 0];
      EachChunk.on(
          seals.length,
          () -> {
            ChunkCheck check = new ChunkCheck(ticket, digests);
            ByteBuffer piece = ByteBuffer.allocateDirect(PIECE);
            return chunk -> {
              int length = (int) Math.min(CHUNK, bytes - (long) chunk * CHUNK);
              check.file(file, index, chunk, length, piece);
              seals[chunk] = check.seal();
              if (digests) {
                shas[chunk] = check.digest();
              }
            };
          });
      return new Entry(path.getFileName().toString(), bytes, List.of(seals), List.of(shas));
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

  private static int chunkBytes(boolean digests) {
    return Seal.BYTES + (digests ? Digest.BYTES : 0);
  }

  /**
   * As bytes: version, whether there are digests, number of files, then name, length, seals and
   * digests of each.
   */
  public byte[] encode() {
    int size = 9;
    for (Entry file : files) {
      size =
          Math.addExact(
              size, 2 + file.name().length() + 8 + chunkBytes(hasDigests) * file.chunks());
    }
    ByteBuffer target = ByteBuffer.allocate(size);
    target.putInt(VERSION).put((byte) (hasDigests ? 1 : 0)).putInt(files.size());
    for (Entry file : files) {
      byte[] name = file.name().getBytes(StandardCharsets.US_ASCII);
      target.putShort((short) name.length).put(name).putLong(file.bytes());
      file.seals().forEach(seal -> seal.write(target));
      file.digests().forEach(digest -> digest.write(target));
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
      byte flag = from.get();
      if (flag != 0 && flag != 1) {
        throw new TransferException("a manifest with digests: " + flag);
      }
      int count = from.getInt();
      if (count < 1 || count > MAX_FILES) {
        throw new TransferException("a manifest of " + count + " files");
      }
      List<Entry> files = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        files.add(decodeEntry(from, flag == 1));
      }
      if (from.hasRemaining()) {
        throw new TransferException(from.remaining() + " bytes behind the manifest");
      }
      return new Manifest(files, flag == 1);
    } catch (BufferUnderflowException | IllegalArgumentException | ArithmeticException e) {
      throw new TransferException("not a manifest: " + e.getMessage(), e);
    }
  }

  private static Entry decodeEntry(ByteBuffer from, boolean hasDigests) {
    int length = from.getShort() & 0xFFFF;
    if (length > MAX_NAME) {
      throw new IllegalArgumentException("a name of " + length + " bytes");
    }
    byte[] name = new byte[length];
    from.get(name);
    long size = from.getLong();
    if (size < 0
        || size > MAX_FILE
        || (long) chunkBytes(hasDigests) * chunksOf(size) > from.remaining()) {
      throw new IllegalArgumentException("a file of " + size + " bytes without its seals");
    }
    int chunks = chunksOf(size);
    List<Seal> seals = new ArrayList<>();
    for (int i = 0; i < chunks; i++) {
      seals.add(Seal.read(from));
    }
    List<Digest> digests = new ArrayList<>();
    for (int i = 0; hasDigests && i < chunks; i++) {
      digests.add(Digest.read(from));
    }
    return new Entry(new String(name, StandardCharsets.US_ASCII), size, seals, digests);
  }
}
