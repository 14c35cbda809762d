package krites.model.torchscript;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;

/**
 * Tensors of number types that DJL has no name for, and the memory beneath tensors.
 *
 * <p>DJL 0.35.1 ends the process when it is asked to make or convert to bfloat16, and says {@code
 * unknown} of the type of such a tensor; TorchScript makes them without trouble. Types are
 * PyTorch's numbers: {@link #FLOAT32}, {@link #BFLOAT16}, {@link #UINT8}. Thread safe.
 */
public final class RawTensors {
  public static final int UINT8 = 0;
  public static final int FLOAT32 = 6;
  public static final int BFLOAT16 = 15;

  private static final String TEXT =
      """
      def empty(self, shape: List[int], like: Tensor, type: int) -> Tensor:
        return torch.empty(shape, dtype=type, device=like.device)

      def cast(self, x: Tensor, type: int) -> Tensor:
        return torch.detach(torch.to(x, type))

      def move(self, x: Tensor, like: Tensor) -> Tensor:
        return torch.detach(torch.to(x, like.device))

      def of_file(self, file: str, count: int, type: int) -> Tensor:
        return torch.from_file(file, False, count, dtype=type)

      def part(self, x: Tensor, start: int, shape: List[int], strides: List[int]) -> Tensor:
        return torch.as_strided(x, shape, strides, start)

      def flat_part(self, x: Tensor, start: int, count: int) -> Tensor:
        return torch.narrow(torch.view(x, [-1]), 0, start, count)
      """
          .indent(2);

  // Made outside of inference mode, whose tensors autograd refuses for good.
  private RawTensors() {}

  /**
   * Loaded once for the life of the process; it has no state and works on tensors of any device.
   */
  private static final class Holder {
    static final ScriptModule MODULE =
        ScriptModule.load(NDManager.newBaseManager(Device.cpu(), "PyTorch"), List.of(TEXT));
  }

  /**
   * A tensor whose values are not set.
   *
   * @param owner decides the device
   * @param type PyTorch's number of the element type
   */
  public static NDArray empty(long[] shape, int type, NDManager owner) {
    try (NDArray like = owner.zeros(new Shape(0))) {
      return Holder.MODULE.callWithGradients(owner, "empty", shape, like, type).get(0);
    }
  }

  /** The values in another type, rounded to nearest even; the same tensor's memory if it has it. */
  public static NDArray cast(NDArray tensor, int type, NDManager owner) {
    return Holder.MODULE.callWithGradients(owner, "cast", tensor, type).get(0);
  }

  /** A view of a contiguous tensor's elements, flattened, from one place on. */
  public static NDArray flatPart(NDArray tensor, long start, long count, NDManager owner) {
    return Holder.MODULE.callWithGradients(owner, "flat_part", tensor, start, count).get(0);
  }

  /**
   * The memory of a contiguous tensor on the CPU, which may be written: no copy is made. Valid
   * while the tensor is.
   *
   * @throws IllegalArgumentException if it holds 2 GiB or more (take {@link #flatPart} of it), or
   *     lies on another device
   */
  public static MemorySegment memory(NDArray tensor) {
    if (!tensor.getDevice().equals(Device.cpu())) {
      throw new IllegalArgumentException("the memory of " + tensor.getDevice() + " is not ours");
    }
    return MemorySegment.ofBuffer(JniUtils.getByteBuffer((PtNDArray) tensor, true));
  }

  /**
   * As {@link #memory(NDArray)}, for a tensor of any size.
   *
   * @param bytes of the tensor's elements, which DJL cannot tell for every type
   */
  public static MemorySegment memory(NDArray tensor, long bytes) {
    if (bytes < Integer.MAX_VALUE) {
      return memory(tensor);
    }
    try (NDArray first = flatPart(tensor, 0, 1, tensor.getManager())) {
      return MemorySegment.ofAddress(memory(first).address()).reinterpret(bytes);
    }
  }

  /**
   * A file as one flat tensor, mapped from its first byte on: nothing is read yet, and all who map
   * it share the system's one copy of it. Writing to the tensor gives the process copies of the
   * pages; the file keeps what it has.
   *
   * @param count elements, which the file must have
   * @param owner of the tensor, on the CPU
   */
  public static NDArray ofFile(Path file, long count, int type, NDManager owner) {
    return Holder.MODULE.callWithGradients(owner, "of_file", file.toString(), count, type).get(0);
  }

  /**
   * A row-major view into a flat tensor, which keeps its memory alive.
   *
   * @param start the first element
   */
  public static NDArray part(NDArray flat, long start, long[] shape, NDManager owner) {
    long[] strides = new long[shape.length];
    long stride = 1;
    for (int i = shape.length - 1; i >= 0; i--) {
      strides[i] = stride;
      stride *= shape[i];
    }
    return Holder.MODULE.callWithGradients(owner, "part", flat, start, shape, strides).get(0);
  }

  /** The same values on the device of a manager; the same memory if they lie there already. */
  public static NDArray moved(NDArray tensor, NDManager owner) {
    try (NDArray like = owner.zeros(new Shape(0))) {
      return Holder.MODULE.callWithGradients(owner, "move", tensor, like).get(0);
    }
  }
}
