package krites.model.torchscript;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import java.lang.foreign.MemorySegment;
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
    try (NDArray like = owner.zeros(new ai.djl.ndarray.types.Shape(0))) {
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
}
