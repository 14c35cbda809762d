package krites.model.safetensors;

import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * One safetensors file, mapped into memory: 8 bytes little endian header length, JSON header, raw
 * data.
 *
 * <p>Opening reads the header only and checks it fully; data are paged in when they are touched.
 * The file may be larger than 2 GB. Segments given out by {@link #bytes} die with {@link #close};
 * arrays are copies. Safe for use by several threads.
 */
public final class SafetensorsFile implements AutoCloseable {
  private static final int LENGTH_BYTES = 8;

  /** One system call reads no more than 2 GiB. */
  private static final long MAX_READ_BYTES = 1 << 30;

  private final Path file;
  private final Arena arena;
  private final FileChannel channel;
  private final MemorySegment head;
  private final MemorySegment data;
  private final HeaderReader.Header header;

  private SafetensorsFile(
      Path file,
      Arena arena,
      FileChannel channel,
      MemorySegment head,
      MemorySegment data,
      HeaderReader.Header header) {
    this.file = file;
    this.arena = arena;
    this.channel = channel;
    this.head = head;
    this.data = data;
    this.header = header;
  }

  /**
   * Maps the file and checks its header.
   *
   * @throws CheckpointException if the file is missing, unreadable, truncated or not a safetensors
   *     file
   */
  @SuppressWarnings(
      "MustBeClosedChecker") // arena and channel live as long as the file object, which closes them
  public static SafetensorsFile open(Path file) {
    if (!Files.isRegularFile(file)) {
      throw CheckpointException.mismatch(
          file,
          "file",
          "a safetensors file",
          Files.exists(file) ? "something that is not a file" : "no such file");
    }
    try {
      FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
      Arena arena = Arena.ofShared();
      try {
        return map(file, channel, arena);
      } catch (IOException | RuntimeException e) {
        arena.close();
        channel.close();
        throw e;
      }
    } catch (NoSuchFileException e) {
      throw CheckpointException.mismatch(file, "file", "a safetensors file", "no such file");
    } catch (IOException e) {
      throw new CheckpointException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private static SafetensorsFile map(Path file, FileChannel channel, Arena arena)
      throws IOException {
    long fileBytes = channel.size();
    if (fileBytes < LENGTH_BYTES) {
      throw CheckpointException.mismatch(
          file, "header length", "8 bytes", fileBytes + " bytes (file truncated?)");
    }
    MemorySegment all = channel.map(MapMode.READ_ONLY, 0, fileBytes, arena);
    long headerBytes = all.get(Elements.LONG, 0);
    long limit = Math.min(HeaderReader.MAX_HEADER_BYTES, fileBytes - LENGTH_BYTES);
    if (headerBytes < 2 || headerBytes > limit) {
      throw CheckpointException.mismatch(
          file,
          "header length",
          "2 to " + limit + " bytes",
          Long.toUnsignedString(headerBytes) + " (truncated, or not a safetensors file?)");
    }
    byte[] json = all.asSlice(LENGTH_BYTES, headerBytes).toArray(ValueLayout.JAVA_BYTE);
    MemorySegment data = all.asSlice(LENGTH_BYTES + headerBytes);
    return new SafetensorsFile(
        file,
        arena,
        channel,
        all.asSlice(0, LENGTH_BYTES + headerBytes),
        data,
        new HeaderReader(file, data.byteSize()).read(json));
  }

  /** The file that is mapped. */
  public Path path() {
    return file;
  }

  /** The tensor names in the order of their data. */
  public Set<String> names() {
    return Collections.unmodifiableSet(header.tensors().keySet());
  }

  /** The free text pairs of the header, such as {@code format = pt}. */
  public Map<String, String> metadata() {
    return Collections.unmodifiableMap(header.metadata());
  }

  /** The entry of a tensor, if the file has it. */
  public Optional<TensorEntry> find(String name) {
    return Optional.ofNullable(header.tensors().get(name));
  }

  /**
   * The entry of a tensor.
   *
   * @throws CheckpointException if the file does not have it
   */
  public TensorEntry entry(String name) {
    return find(name)
        .orElseThrow(
            () ->
                CheckpointException.mismatch(
                    file,
                    "tensor " + name,
                    "to be present",
                    "only " + names().size() + " other tensors"));
  }

  /** The raw little endian bytes, read only, valid until {@link #close}. No copy is made. */
  public MemorySegment bytes(String name) {
    TensorEntry entry = entry(name);
    return data.asSlice(entry.offset(), entry.byteSize());
  }

  /** What stands before the data: the length and the JSON text as they are. */
  byte[] head() {
    return head.toArray(ValueLayout.JAVA_BYTE);
  }

  /** The size of the whole file. */
  public long fileBytes() {
    return head.byteSize() + data.byteSize();
  }

  /** Where a tensor begins, counted from the start of the file. */
  public long position(TensorEntry entry) {
    return head.byteSize() + entry.offset();
  }

  /** The size of the values of all tensors. */
  public long dataBytes() {
    return data.byteSize();
  }

  /**
   * Reads bytes of a tensor straight into memory, without the detour over a mapping: the pages of
   * the file never count as the process's own, and a fresh target costs one fault a page and not
   * two.
   *
   * @param from first byte, counted from the start of the tensor
   * @param target native memory, filled whole
   * @throws IOException if the file cannot be read, or became shorter
   */
  public void read(TensorEntry entry, long from, MemorySegment target) throws IOException {
    readAt(position(entry) + from, target);
  }

  /** Reads bytes of the file, counted from its start. */
  void readAt(long position, MemorySegment target) throws IOException {
    long done = 0;
    while (done < target.byteSize()) {
      long part = Math.min(target.byteSize() - done, MAX_READ_BYTES);
      int count = channel.read(target.asSlice(done, part).asByteBuffer(), position + done);
      if (count < 0) {
        throw new EOFException(
            file + ": ends at byte " + channel.size() + ": cut while it is read");
      }
      done += count;
    }
  }

  /**
   * A copy of a floating tensor, row major; F16 and BF16 are widened exactly, F64 is rounded.
   *
   * @throws CheckpointException if it is absent, of another kind, or has more than 2^31 - 9
   *     elements
   */
  public float[] floats(String name) {
    TensorEntry entry = entry(name);
    if (!Elements.isFloating(entry.dtype())) {
      throw CheckpointException.mismatch(
          file, "tensor " + name, "F32, BF16, F16 or F64", entry.dtype().name());
    }
    return Elements.toFloats(bytes(name), entry.dtype(), arrayLength(entry));
  }

  /**
   * A copy of a tensor of whole numbers or booleans (1 and 0), row major.
   *
   * @throws CheckpointException if it is absent, of another kind, or has more than 2^31 - 9
   *     elements
   */
  public long[] longs(String name) {
    TensorEntry entry = entry(name);
    if (!Elements.isWhole(entry.dtype())) {
      throw CheckpointException.mismatch(
          file, "tensor " + name, "a whole number type", entry.dtype().name());
    }
    return Elements.toLongs(bytes(name), entry.dtype(), arrayLength(entry));
  }

  private int arrayLength(TensorEntry entry) {
    if (entry.elements() > Integer.MAX_VALUE - 8) {
      throw CheckpointException.mismatch(
          file,
          "tensor " + entry.name(),
          "a size that fits a Java array",
          entry.elements() + " elements");
    }
    return (int) entry.elements();
  }

  /** Unmaps the file; segments given out before are dead from now on. */
  @Override
  public void close() {
    arena.close();
    try {
      channel.close();
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be closed: " + e.getMessage(), e);
    }
  }
}
