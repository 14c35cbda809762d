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

  @Test
  void aScaledSumIsRoundedTwiceInFloat32AndOnceMore() {
    int count = 20_011; // not a multiple of a block
    float factor = 0.3313f;
    for (long seed = 0; seed < 8; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      DType from = seed % 2 == 0 ? DType.F32 : DType.BF16;
      DType to = seed % 4 < 2 ? DType.F32 : DType.BF16;
      float[] other = new float[count];
      float[] values = new float[count];
      for (int i = 0; i < count; i++) {
        other[i] = (float) random.nextGaussian();
        values[i] = (float) random.nextGaussian();
      }
      MemorySegment base =
          MemorySegment.ofArray(new int[count]).asSlice(0, from.bytes() * (long) count);
      Conversion.convert(MemorySegment.ofArray(values), DType.F32, base, from);
      MemorySegment target =
          MemorySegment.ofArray(new int[count]).asSlice(0, to.bytes() * (long) count);

      Conversion.addScaled(base, from, MemorySegment.ofArray(other), factor, target, to);

      float[] exact = Elements.toFloats(base, from, count);
      float[] found = Elements.toFloats(target, to, count);
      for (int i = 0; i < count; i++) {
        float product = factor * other[i];
        float sum = exact[i] + product;
        float expected =
            to == DType.F32 ? sum : Elements.bfloat16ToFloat(Elements.floatToBfloat16(sum));
        assertEquals(expected, found[i], "seed " + seed + ": " + from + " as " + to + " at " + i);
      }
    }
  }
}
