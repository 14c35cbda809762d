package krites.learner;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import krites.model.torchscript.RawTensors;

/**
 * Tensors as bytes in host memory, part by part: those of the CPU where they lie, those of a device
 * through a copy of one part.
 */
final class HostParts {
  /** Values that are on their way at one time: 4 MiB of float32. */
  static final int VALUES = 1 << 20;

  private HostParts() {}

  /** Bytes of one element. */
  static int elementBytes(NDArray tensor) {
    return switch (tensor.getDataType()) {
      case DataType.FLOAT32 -> Float.BYTES;
      case DataType.UINT8 -> Byte.BYTES;
      default -> Short.BYTES; // bfloat16, which DJL has no name for
    };
  }

  /**
   * Hands out the bytes of a slice, which are valid during the call alone.
   *
   * @param start first value of a contiguous tensor, flattened
   */
  static void each(NDArray tensor, long start, long count, Consumer<MemorySegment> use) {
    int size = elementBytes(tensor);
    for (long at = 0; at < count; at += VALUES) {
      long values = Math.min(VALUES, count - at);
      try (NDManager there = tensor.getManager().newSubManager();
          NDManager here = there.newSubManager(Device.cpu())) {
        NDArray part = RawTensors.flatPart(tensor, start + at, values, there);
        NDArray host = tensor.getDevice().isGpu() ? RawTensors.moved(part, here) : part;
        use.accept(RawTensors.memory(host, values * size));
      }
    }
  }

  /** As above, of a whole tensor. */
  static void each(NDArray tensor, Consumer<MemorySegment> use) {
    each(tensor, 0, tensor.getShape().size(), use);
  }
}
