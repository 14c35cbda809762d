package krites.model.safetensors;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class ConversionTest {
  private static final int ALL_HALVES = 1 << 16;

  @Test
  void everyHalfWidensExactlyAndComesBack() {
    short[] halves = new short[ALL_HALVES];
    for (int i = 0; i < ALL_HALVES; i++) {
      halves[i] = (short) i;
    }
    for (DType dtype : new DType[] {DType.BF16, DType.F16}) {
      MemorySegment wide = MemorySegment.ofArray(new float[ALL_HALVES]);
      MemorySegment back = MemorySegment.ofArray(new short[ALL_HALVES]);

      Conversion.convert(MemorySegment.ofArray(halves), dtype, wide, DType.F32);
      Conversion.convert(wide, DType.F32, back, dtype);

      for (int i = 0; i < ALL_HALVES; i++) {
        float value = wide.getAtIndex(ValueLayout.JAVA_FLOAT, i);
        float expected =
            dtype == DType.BF16
                ? Elements.bfloat16ToFloat((short) i)
                : Float.float16ToFloat((short) i);
        assertEquals(expected, value, dtype + " " + i);
        if (!Float.isNaN(value)) {
          assertEquals((short) i, back.getAtIndex(ValueLayout.JAVA_SHORT, i), dtype + " " + i);
        }
      }
    }
  }

  @Test
  void narrowingRoundsAsThePlainTwin() {
    int count = 100_003; // not a multiple of a block
    SplittableRandom random = new SplittableRandom(1);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = Float.intBitsToFloat(random.nextInt());
    }
    MemorySegment narrow = MemorySegment.ofArray(new short[count]);

    Conversion.convert(MemorySegment.ofArray(values), DType.F32, narrow, DType.BF16);

    for (int i = 0; i < count; i++) {
      assertEquals(
          Elements.floatToBfloat16(values[i]),
          narrow.getAtIndex(ValueLayout.JAVA_SHORT, i),
          values[i] + " at " + i);
    }
  }
}
