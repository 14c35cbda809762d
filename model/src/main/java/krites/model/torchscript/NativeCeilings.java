package krites.model.torchscript;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What the native library reaches at best on this machine, to judge a whole network by: bytes read
 * per second, and operations per second of a matrix product.
 *
 * <p>The threads are those that the calling thread was prepared with. Where the library has oneDNN
 * products with packed weights, they compete with the plain ones, and the better counts.
 */
public final class NativeCeilings implements AutoCloseable {
  private static final String PLAIN =
      """
      def fill(self, x: Tensor) -> Tensor:
        return torch.fill_(x, 0.0001)

      def read(self, x: Tensor) -> Tensor:
        return torch.sum(x)

      def product(self, x: Tensor, w: Tensor) -> Tensor:
        return torch.linear(x, w)
      """
          .indent(2);

  private static final String PACKED =
      """
      def pack(self, w: Tensor, rows: int) -> Tensor:
        return ops.mkldnn._reorder_linear_weight(w, rows)

      def product(self, x: Tensor, w: Tensor) -> Tensor:
        return ops.mkldnn._linear_pointwise(x, w, None, "none", annotate(List[Optional[number]], []), "")
      """
          .indent(2);

  /** Rows, inputs and outputs of the products: square ones of two sizes, and one of a network. */
  private static final long[][] PRODUCTS = {
    {1024, 1024, 1024}, {2048, 2048, 2048}, {4096, 1024, 4096}
  };

  /** Columns of the matrix that is read; its rows fill the buffer. */
  private static final long READ_COLUMNS = 4096;

  private final NDManager manager;
  private final ScriptModule plain;
  private final Optional<ScriptModule> packed;
  private final int repeats;

  /**
   * @param parent decides the device
   * @param repeats how often each is measured; the best counts
   */
  public NativeCeilings(NDManager parent, int repeats) {
    this.manager = parent.newSubManager();
    this.plain = ScriptModule.load(manager, List.of(PLAIN));
    this.packed = packed(manager);
    this.repeats = repeats;
  }

  /** Absent where the library was built without oneDNN, or on a device that it does not serve. */
  private static Optional<ScriptModule> packed(NDManager manager) {
    if (manager.getDevice().isGpu()) {
      return Optional.empty();
    }
    try {
      return Optional.of(ScriptModule.load(manager, List.of(PACKED)));
    } catch (IllegalStateException e) {
      return Optional.empty();
    }
  }

  /**
   * Bytes per second at which weights can be read: by a sum, or by a product with one row.
   *
   * @param bytes of the buffer; much more than the caches hold
   * @param type PyTorch's number of the element type
   * @param size bytes of an element
   */
  public double readBytesPerSecond(long bytes, int type, int size) {
    long rows = bytes / size / READ_COLUMNS;
    List<Supplier<NDArray>> ways = new ArrayList<>();
    try (NDManager scope = manager.newSubManager()) {
      NDArray one = filled(new long[] {1, READ_COLUMNS}, type, scope);
      NDArray matrix = filled(new long[] {rows, READ_COLUMNS}, type, scope);
      // A sum of float32 reads as fast as the memory gives, whatever the products are in.
      NDArray numbers =
          filled(new long[] {rows * READ_COLUMNS * size / 4}, RawTensors.FLOAT32, scope);
      ways.add(() -> plain.call(scope, "read", numbers).get(0));
      ways.add(() -> plain.call(scope, "product", one, matrix).get(0));
      packed.ifPresent(
          module -> {
            NDArray weight = module.call(scope, "pack", matrix, 1).get(0);
            ways.add(() -> module.call(scope, "product", one, weight).get(0));
          });
      return rows * READ_COLUMNS * size / best(ways);
    }
  }

  /**
   * Floating-point operations per second of the best matrix product, a multiplication and an
   * addition counted as two.
   */
  public double operationsPerSecond(int type) {
    double most = 0;
    for (long[] product : PRODUCTS) {
      try (NDManager scope = manager.newSubManager()) {
        NDArray x = filled(new long[] {product[0], product[1]}, type, scope);
        NDArray w = filled(new long[] {product[2], product[1]}, type, scope);
        List<Supplier<NDArray>> ways = new ArrayList<>();
        ways.add(() -> plain.call(scope, "product", x, w).get(0));
        packed.ifPresent(
            module -> {
              NDArray weight = module.call(scope, "pack", w, product[0]).get(0);
              ways.add(() -> module.call(scope, "product", x, weight).get(0));
            });
        most = Math.max(most, 2.0 * product[0] * product[1] * product[2] / best(ways));
      }
    }
    return most;
  }

  private NDArray filled(long[] shape, int type, NDManager scope) {
    NDArray empty = RawTensors.empty(shape, type, scope);
    if (!scope.getDevice().isGpu()) {
      long size = type == RawTensors.FLOAT32 ? Float.BYTES : Short.BYTES;
      MemoryAdvice.hugePages(RawTensors.memory(empty, empty.getShape().size() * size));
    }
    return plain.call(scope, "fill", empty).get(0);
  }

  /** Seconds of the fastest way at its best; the ways take turns. */
  private double best(List<Supplier<NDArray>> ways) {
    double best = Double.MAX_VALUE;
    for (int i = 0; i <= repeats; i++) {
      for (Supplier<NDArray> way : ways) {
        long start = System.nanoTime();
        try (NDArray result = way.get()) {
          finish(result);
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        if (i > 0) { // the first round warms up
          best = Math.min(best, seconds);
        }
      }
    }
    return best;
  }

  /** Waits for a device on which a call returns before its work is done. */
  private static void finish(NDArray result) {
    if (result.getDevice().isGpu()) {
      try (NDArray first = RawTensors.flatPart(result, 0, 1, result.getManager());
          NDArray number = RawTensors.cast(first, RawTensors.FLOAT32, result.getManager())) {
        number.toFloatArray();
      }
    }
  }

  @Override
  public void close() {
    packed.ifPresent(ScriptModule::close);
    plain.close();
    manager.close();
  }
}
