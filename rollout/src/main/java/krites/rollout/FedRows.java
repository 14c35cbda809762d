package krites.rollout;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.function.IntToLongFunction;
import krites.model.qwen25vl.Precision;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.torchscript.RawTensors;

/**
 * With how many rows a step of a few sequences goes through the matrices.
 *
 * <p>A step of a wide network lasts as long as its matrices take to be read, and how fast a product
 * reads them depends on the number of its rows, other than one would think: on one processor five
 * rows take three quarters of the time of one, on another nearly twice as long. So each number is
 * timed once, on the network's own matrices; where more rows are read faster, idle ones repeat the
 * others, and nobody looks at them. The bits of a row are the same with one row as with five.
 */
final class FedRows {
  /** Rows from which on more of them cost more, wherever it was measured. */
  static final int MOST = 5;

  /** Hidden size from which matrices do not stay in the caches, so that reading them counts. */
  private static final int WIDE = 512;

  /** Bytes that are read each time: more than the caches hold. */
  private static final long BYTES = 1L << 29;

  private static final int REPEATS = 3;

  /** Times that differ by less are the same. */
  private static final double CLEARLY = 0.95;

  private final int[] fed; // by the number of sequences, from 0 on

  private FedRows(int[] fed) {
    this.fed = fed;
  }

  /** Every sequence feeds its own row and nothing else. */
  static FedRows asTheyAre() {
    return new FedRows(new int[0]);
  }

  /**
   * Chooses by time.
   *
   * @param nanoseconds of a step of so many rows; asked more than once, in turns
   */
  static FedRows by(IntToLongFunction nanoseconds) {
    long[] least = new long[MOST + 1];
    Arrays.fill(least, Long.MAX_VALUE);
    for (int repeat = 0; repeat < REPEATS; repeat++) {
      for (int rows = 1; rows <= MOST; rows++) {
        least[rows] = Math.min(least[rows], nanoseconds.applyAsLong(rows));
      }
    }
    int[] fed = new int[MOST];
    for (int rows = 1; rows < MOST; rows++) {
      int best = rows;
      for (int more = rows + 1; more <= MOST; more++) {
        if (least[more] < CLEARLY * least[best]) {
          best = more;
        }
      }
      fed[rows] = best;
    }
    return new FedRows(fed);
  }

  /** Times the packed matrices of a network, with the threads that this one was prepared with. */
  static FedRows of(RolloutNetwork network) {
    Qwen25VlConfig config = network.config();
    if (!network.kernels().packed() || config.hidden() < WIDE) {
      return asTheyAre();
    }
    Precision computed = network.kernels().computed(network.precision());
    long layerBytes = 3L * config.hidden() * config.intermediate() * computed.bytes();
    long layers = Math.clamp(Math.ceilDiv(BYTES, layerBytes), 1, config.layers());
    try (NDManager scope = network.manager().newSubManager()) {
      return by(
          rows -> {
            NDArray x =
                RawTensors.cast(
                    scope.ones(new Shape(rows, 1, config.hidden())),
                    network.precision().scalarType(),
                    scope);
            long start = System.nanoTime();
            network.compute(scope, "read_matrices", x, layers);
            return System.nanoTime() - start;
          });
    }
  }

  /** Rows to feed, no fewer than there are sequences. */
  int of(int sequences) {
    return sequences < fed.length ? fed[sequences] : sequences;
  }
}
