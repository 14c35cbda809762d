package krites.model.safetensors;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.Supplier;

/**
 * A tensor to be written. Its values are asked for once, when its turn comes, so that only one
 * tensor need be in memory at a time.
 *
 * @param name the key in the header
 * @param dtype the element type in the file
 * @param shape the sizes, outermost first
 * @param values where the values come from
 */
public record OutgoingTensor(String name, DType dtype, long[] shape, Values values) {

  /** Where the values of a tensor come from. */
  public sealed interface Values {}

  /** Row major floats, converted to the element type by rounding to nearest even. */
  record Floats(Supplier<float[]> source) implements Values {}

  /** Little endian bytes of the element type, written as they are. */
  record Raw(Supplier<MemorySegment> source) implements Values {}

  /**
   * Bytes of the element type that are made piece by piece, by several threads at once: a tensor of
   * any size needs a few megabytes.
   *
   * @param pieceElements parts begin at multiples of this; all but the last have this length
   */
  record Filled(int pieceElements, Filler filler) implements Values {}

  /** Makes a part of a tensor's bytes. */
  @FunctionalInterface
  public interface Filler {
    /**
     * @param from first element of the part
     * @param target the part, filled whole
     */
    void fill(long from, MemorySegment target) throws IOException;
  }

  /** Elements of a part where nothing else is asked for. */
  public static final int PIECE_ELEMENTS = 1 << 20;

  public OutgoingTensor {
    shape = shape.clone();
    if (name.isEmpty() || name.equals("__metadata__")) {
      throw new IllegalArgumentException("not a tensor name: '" + name + "'");
    }
    if (Arrays.stream(shape).anyMatch(size -> size < 0)) {
      throw new IllegalArgumentException("tensor " + name + " has shape " + Arrays.toString(shape));
    }
    if (values instanceof Filled(int pieceElements, _) && pieceElements < 1) {
      throw new IllegalArgumentException("tensor " + name + ": pieces of " + pieceElements);
    }
    if (values instanceof Floats && !Elements.isFloating(dtype)) {
      throw new IllegalArgumentException(
          "tensor " + name + ": floats cannot be written as " + dtype);
    }
  }

  /** A tensor of floats, written as F32, BF16, F16 or F64; it is held whole while it is written. */
  public static OutgoingTensor floats(
      String name, DType dtype, long[] shape, Supplier<float[]> source) {
    return new OutgoingTensor(name, dtype, shape, new Floats(source));
  }

  /** A tensor whose bytes are ready. */
  public static OutgoingTensor raw(
      String name, DType dtype, long[] shape, Supplier<MemorySegment> source) {
    return new OutgoingTensor(name, dtype, shape, new Raw(source));
  }

  /** A tensor that is made while it is written, in parts of {@link #PIECE_ELEMENTS}. */
  public static OutgoingTensor filled(String name, DType dtype, long[] shape, Filler filler) {
    return filled(name, dtype, shape, PIECE_ELEMENTS, filler);
  }

  /**
   * A tensor that is made while it is written.
   *
   * @param pieceElements of each part but the last
   */
  public static OutgoingTensor filled(
      String name, DType dtype, long[] shape, int pieceElements, Filler filler) {
    return new OutgoingTensor(name, dtype, shape, new Filled(pieceElements, filler));
  }

  /** A tensor of another file, byte for byte. */
  public static OutgoingTensor copyOf(SafetensorsCheckpoint checkpoint, String name) {
    TensorEntry entry = checkpoint.entry(name);
    return raw(name, entry.dtype(), entry.shape(), () -> checkpoint.bytes(name));
  }

  @Override
  public long[] shape() {
    return shape.clone();
  }

  /** The size in the file. */
  public long byteSize() {
    return TensorSizes.byteSize(dtype, shape);
  }
}
