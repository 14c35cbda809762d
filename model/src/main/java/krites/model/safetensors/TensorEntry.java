package krites.model.safetensors;

import java.util.Arrays;

/**
 * Where one tensor lies in a safetensors file.
 *
 * @param name the key in the header
 * @param dtype the element type
 * @param shape the sizes, outermost first; empty for a scalar
 * @param offset the first byte, counted from the start of the data section
 * @param byteSize the number of bytes: product of the shape times the element size
 */
public record TensorEntry(String name, DType dtype, long[] shape, long offset, long byteSize) {

  public TensorEntry {
    shape = shape.clone();
  }

  @Override
  public long[] shape() {
    return shape.clone();
  }

  /** The number of elements. */
  public long elements() {
    return byteSize / dtype.bytes();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TensorEntry(String n, DType d, long[] s, long o, long b)
        && name.equals(n)
        && dtype == d
        && Arrays.equals(shape, s)
        && offset == o
        && byteSize == b;
  }

  @Override
  public int hashCode() {
    return 31 * name.hashCode() + Long.hashCode(offset);
  }

  @Override
  public String toString() {
    return name + " " + dtype + Arrays.toString(shape);
  }
}
