package krites.model.safetensors;

import java.lang.foreign.MemorySegment;

/**
 * Floating elements of one type as another, block by block through arrays that fit the processor's
 * cache.
 */
public final class Conversion {
  private static final int BLOCK = 1 << 13;

  private Conversion() {}

  /** Whether values of the type can be converted. */
  public static boolean knows(DType dtype) {
    return switch (dtype) {
      case F32, BF16, F16 -> true;
      case BOOL, U8, I8, F8_E5M2, F8_E4M3, I16, U16, I32, U32, F64, I64, U64 -> false;
    };
  }

  /**
   * Converts little endian elements; rounds to nearest even where the target is narrower.
   *
   * @param source {@code target}'s number of elements
   * @param from F32, BF16 or F16
   * @param to F32, BF16 or F16
   */
  public static void convert(MemorySegment source, DType from, MemorySegment target, DType to) {
    if (from == to) {
      MemorySegment.copy(source, 0, target, 0, target.byteSize());
      return;
    }
    long count = target.byteSize() / to.bytes();
    int[] bits = new int[(int) Math.min(BLOCK, count)]; // of float32
    short[] halves = new short[bits.length];
    for (long start = 0; start < count; start += BLOCK) {
      int length = (int) Math.min(BLOCK, count - start);
      widen(source, start, from, halves, bits, length);
      narrow(bits, halves, length, target, start, to);
    }
  }

  /**
   * {@code base + factor * other}, the product and then the sum rounded in float32, and then to the
   * target's type.
   *
   * @param base {@code target}'s number of elements
   * @param from of base: F32, BF16 or F16
   * @param other float32, {@code target}'s number of elements
   * @param to F32, BF16 or F16
   */
  public static void addScaled(
      MemorySegment base,
      DType from,
      MemorySegment other,
      float factor,
      MemorySegment target,
      DType to) {
    long count = target.byteSize() / to.bytes();
    int[] bits = new int[(int) Math.min(BLOCK, count)]; // of float32
    short[] halves = new short[bits.length];
    float[] values = new float[bits.length];
    for (long start = 0; start < count; start += BLOCK) {
      int length = (int) Math.min(BLOCK, count - start);
      widen(base, start, from, halves, bits, length);
      MemorySegment.copy(other, Elements.FLOAT, 4 * start, values, 0, length);
      for (int i = 0; i < length; i++) {
        bits[i] = Float.floatToRawIntBits(Float.intBitsToFloat(bits[i]) + factor * values[i]);
      }
      narrow(bits, halves, length, target, start, to);
    }
  }

  private static void widen(
      MemorySegment source, long start, DType from, short[] halves, int[] bits, int length) {
    switch (from) {
      case F32 -> MemorySegment.copy(source, Elements.INT, 4 * start, bits, 0, length);
      case BF16 -> {
        MemorySegment.copy(source, Elements.SHORT, 2 * start, halves, 0, length);
        for (int i = 0; i < length; i++) {
          bits[i] = halves[i] << 16;
        }
      }
      case F16 -> {
        MemorySegment.copy(source, Elements.SHORT, 2 * start, halves, 0, length);
        for (int i = 0; i < length; i++) {
          bits[i] = Float.floatToRawIntBits(Float.float16ToFloat(halves[i]));
        }
      }
      default -> throw new IllegalArgumentException("no conversion from " + from);
    }
  }

  private static void narrow(
      int[] bits, short[] halves, int length, MemorySegment target, long start, DType to) {
    switch (to) {
      case F32 -> MemorySegment.copy(bits, 0, target, Elements.INT, 4 * start, length);
      case BF16 -> {
        for (int i = 0; i < length; i++) {
          halves[i] = bfloat16(bits[i]);
        }
        MemorySegment.copy(halves, 0, target, Elements.SHORT, 2 * start, length);
      }
      case F16 -> {
        for (int i = 0; i < length; i++) {
          halves[i] = Float.floatToFloat16(Float.intBitsToFloat(bits[i]));
        }
        MemorySegment.copy(halves, 0, target, Elements.SHORT, 2 * start, length);
      }
      default -> throw new IllegalArgumentException("no conversion to " + to);
    }
  }

  /**
   * The bits of a value in an element type, in the low end of the result.
   *
   * @param type F32, BF16 or F16
   */
  public static int bits(float value, DType type) {
    return switch (type) {
      case F32 -> Float.floatToRawIntBits(value);
      case BF16 -> bfloat16(Float.floatToRawIntBits(value));
      case F16 -> Float.floatToFloat16(value);
      default -> throw new IllegalArgumentException("no conversion to " + type);
    };
  }

  /**
   * As {@link Elements#floatToBfloat16}, its plain twin, in a form that the compiler makes wide
   * instructions of.
   */
  private static short bfloat16(int bits) {
    int rounded = (bits + 0x7FFF + ((bits >>> 16) & 1)) >>> 16;
    int quiet = (bits >>> 16) | 0x0040;
    boolean isNaN = (bits & 0x7FFF_FFFF) > 0x7F80_0000;
    return (short) (isNaN ? quiet : rounded);
  }
}
