package krites.grpo.objective;

/** The number format that values are rounded to after each operation. */
public enum Precision {
  /** IEEE single precision. */
  FLOAT32,
  /** The upper half of a float32: 8 bits of precision. Ties go to the even neighbour. */
  BFLOAT16;

  /** The nearest value of this format. */
  public float round(double value) {
    float single = (float) value;
    if (this == FLOAT32 || !Float.isFinite(single)) {
      return single;
    }
    int bits = Float.floatToRawIntBits(single);
    int roundedUp = bits + 0x7fff + ((bits >>> 16) & 1);
    return Float.intBitsToFloat(roundedUp & 0xffff0000);
  }
}
