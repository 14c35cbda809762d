package krites.model.safetensors;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Writes a whole file, head and values, in pieces of a few megabytes that several threads make and
 * write side by side; the digest, where one is asked for, is taken of the same pieces in order, so
 * that nothing is read back for it.
 */
final class ValueWriter {
  /**
   * Of a tensor whose bytes are ready: large enough to keep the disk busy, small enough to be in a
   * cache of the processor when it is hashed.
   */
  private static final int RAW_BYTES = 1 << 20;

  private final FileChannel channel;
  private final byte[] head;
  private final LoadProgress progress;
  private final Optional<OrderedDigest> digest;
  private final List<Piece> pieces = new ArrayList<>();
  private final AtomicLong done = new AtomicLong();
  private final long total;
  private long scratchBytes = Long.BYTES;

  /**
   * A part of a tensor, or all of it.
   *
   * @param from first byte, counted from the start of the tensor
   * @param position of that byte in the file
   */
  private record Piece(OutgoingTensor tensor, long from, long bytes, long position) {}

  ValueWriter(
      FileChannel channel,
      byte[] head,
      List<OutgoingTensor> tensors,
      LoadProgress progress,
      Optional<OrderedDigest> digest) {
    this.channel = channel;
    this.head = head;
    this.progress = progress;
    this.digest = digest;
    long position = head.length;
    for (OutgoingTensor tensor : tensors) {
      cut(tensor, position);
      position += tensor.byteSize();
    }
    this.total = position - head.length;
  }

  private void cut(OutgoingTensor tensor, long position) {
    long bytes = tensor.byteSize();
    long step =
        switch (tensor.values()) {
          case OutgoingTensor.Floats _ -> Math.max(1, bytes); // its source is asked once
          case OutgoingTensor.Raw _ -> RAW_BYTES;
          case OutgoingTensor.Filled(int elements, _) -> {
            long piece = Math.min(bytes, (long) elements * tensor.dtype().bytes());
            scratchBytes = Math.max(scratchBytes, piece);
            yield Math.max(1, piece);
          }
        };
    for (long from = 0; from < Math.max(1, bytes); from += step) { // an empty one is looked at too
      pieces.add(new Piece(tensor, from, Math.min(step, bytes - from), position + from));
    }
  }

  /** Writes everything; the digest then has all of it, {@link #pieces()} of them. */
  void write() throws IOException {
    digest.ifPresent(sum -> sum.add(0, MemorySegment.ofArray(head)));
    writeFully(channel, ByteBuffer.wrap(head), 0);
    Pieces.run(pieces.size(), scratchBytes, this::write);
  }

  /** How many the digest gets, the head among them. */
  int pieces() {
    return 1 + pieces.size();
  }

  private void write(int place, MemorySegment scratch) throws IOException {
    Piece piece = pieces.get(place);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = bytes(piece, scratch, arena);
      writeFully(channel, bytes.asByteBuffer(), piece.position());
      digest.ifPresent(sum -> sum.add(1 + place, bytes));
    } catch (IOException | RuntimeException | Error e) {
      digest.ifPresent(OrderedDigest::abandon);
      throw e;
    }
    progress.reached(done.addAndGet(piece.bytes()), total);
  }

  private static MemorySegment bytes(Piece piece, MemorySegment scratch, Arena arena)
      throws IOException {
    OutgoingTensor tensor = piece.tensor();
    int size = tensor.dtype().bytes();
    return switch (tensor.values()) {
      case OutgoingTensor.Floats(var source) -> {
        float[] values = source.get();
        requireBytes(tensor, (long) values.length * size);
        MemorySegment all = arena.allocate(piece.bytes(), Long.BYTES);
        Elements.fromFloats(values, 0, values.length, tensor.dtype(), all);
        yield all;
      }
      case OutgoingTensor.Raw(var source) -> {
        MemorySegment all = source.get();
        requireBytes(tensor, all.byteSize());
        yield all.asSlice(piece.from(), piece.bytes());
      }
      case OutgoingTensor.Filled(_, var filler) -> {
        MemorySegment part = scratch.asSlice(0, piece.bytes());
        if (piece.bytes() > 0) {
          filler.fill(piece.from() / size, part);
        }
        yield part;
      }
    };
  }

  private static void requireBytes(OutgoingTensor tensor, long bytes) {
    if (bytes != tensor.byteSize()) {
      throw new IllegalArgumentException(
          "tensor "
              + tensor.name()
              + Arrays.toString(tensor.shape())
              + " has "
              + tensor.byteSize()
              + " bytes as "
              + tensor.dtype()
              + ", given "
              + bytes);
    }
  }

  /** Writes all of a buffer at a place. */
  static void writeFully(FileChannel channel, ByteBuffer buffer, long position) throws IOException {
    long at = position;
    while (buffer.hasRemaining()) {
      at += channel.write(buffer, at);
    }
  }
}
