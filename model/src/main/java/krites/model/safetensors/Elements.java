package krites.model.safetensors;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Conversion between the little endian elements of a file and Java arrays. */
final class Elements {
  static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(LITTLE_ENDIAN);
  static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(LITTLE_ENDIAN);
  static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(LITTLE_ENDIAN);
  static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(LITTLE_ENDIAN);
  static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(LITTLE_ENDIAN);

  private Elements() {}

  /** Whether {@link #toFloats} and {@link #fromFloats} know the type. */
  static boolean isFloating(DType dtype) {
    return switch (dtype) {
      case F16, BF16, F32, F64 -> true;
      case BOOL, U8, I8, F8_E5M2, F8_E4M3, I16, U16, I32, U32, I64, U64 -> false;
    };
  }

  /** Whether {@link #toLongs} knows the type. */
  static boolean isWhole(DType dtype) {
    return switch (dtype) {
      case BOOL, U8, I8, I16, U16, I32, U32, I64 -> true;
      case F8_E5M2, F8_E4M3, F16, BF16, F32, F64, U64 -> false;
    };
  }

  /** Widens (or, for F64, rounds) floating elements to float; F16 and BF16 are exact. */
  static float[] toFloats(MemorySegment bytes, DType dtype, int count) {
    float[] values = new float[count];
    switch (dtype) {
      case F32 -> MemorySegment.copy(bytes, FLOAT, 0, values, 0, count);
      case F64 -> {
        for (int i = 0; i < count; i++) {
          values[i] = (float) bytes.get(DOUBLE, 8L * i);
        }
      }
      case F16 -> {
        for (int i = 0; i < count; i++) {
          values[i] = Float.float16ToFloat(bytes.get(SHORT, 2L * i));
        }
      }
      case BF16 -> {
        for (int i = 0; i < count; i++) {
          values[i] = bfloat16ToFloat(bytes.get(SHORT, 2L * i));
        }
      }
      default -> throw new IllegalArgumentException("not a floating type: " + dtype);
    }
    return values;
  }

  static long[] toLongs(MemorySegment bytes, DType dtype, int count) {
    long[] values = new long[count];
    for (int i = 0; i < count; i++) {
      values[i] =
          switch (dtype) {
            case BOOL, U8 -> bytes.get(ValueLayout.JAVA_BYTE, i) & 0xFF;
            case I8 -> bytes.get(ValueLayout.JAVA_BYTE, i);
            case I16 -> bytes.get(SHORT, 2L * i);
            case U16 -> bytes.get(SHORT, 2L * i) & 0xFFFF;
            case I32 -> bytes.get(INT, 4L * i);
            case U32 -> bytes.get(INT, 4L * i) & 0xFFFF_FFFFL;
            case I64 -> bytes.get(LONG, 8L * i);
            case F8_E5M2, F8_E4M3, F16, BF16, F32, F64, U64 ->
                throw new IllegalArgumentException("not a whole number type: " + dtype);
          };
    }
    return values;
  }

  /** Writes {@code count} floats as {@code dtype}, rounding to nearest even. */
  static void fromFloats(float[] values, int from, int count, DType dtype, MemorySegment target) {
    switch (dtype) {
      case F32 -> MemorySegment.copy(values, from, target, FLOAT, 0, count);
      case F64 -> {
        for (int i = 0; i < count; i++) {
          target.set(DOUBLE, 8L * i, values[from + i]);
        }
      }
      case F16 -> {
        for (int i = 0; i < count; i++) {
          target.set(SHORT, 2L * i, Float.floatToFloat16(values[from + i]));
        }
      }
      case BF16 -> {
        for (int i = 0; i < count; i++) {
          target.set(SHORT, 2L * i, floatToBfloat16(values[from + i]));
        }
      }
      default -> throw new IllegalArgumentException("not a floating type: " + dtype);
    }
  }

  static float bfloat16ToFloat(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  /** Rounds to nearest even; a NaN stays a (quiet) NaN, an overflow becomes an infinity. */
  static short floatToBfloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) ((bits >>> 16) | 0x0040);
    }
    int roundUp = 0x7FFF + ((bits >>> 16) & 1);
    return (short) ((bits + roundUp) >>> 16);
  }
}
