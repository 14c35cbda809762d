package krites.model.safetensors;

/** Sizes of tensors in bytes. */
final class TensorSizes {
  private TensorSizes() {}

  /**
   * The product of the shape times the element size.
   *
   * @throws ArithmeticException if it does not fit a long
   */
  static long byteSize(DType dtype, long[] shape) {
    long elements = 1;
    for (long size : shape) {
      elements = Math.multiplyExact(elements, size);
    }
    return Math.multiplyExact(elements, (long) dtype.bytes());
  }
}
