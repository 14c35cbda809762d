package krites.model.qwen25vl;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import krites.model.safetensors.CheckpointException;
import krites.model.safetensors.Conversion;
import krites.model.safetensors.DType;
import krites.model.safetensors.LoadProgress;
import krites.model.safetensors.OutgoingTensor;
import krites.model.safetensors.SafetensorsIndex;
import krites.model.safetensors.SafetensorsWriter;

/**
 * A checkpoint of random weights, made while it is written: any size in a few megabytes of memory.
 *
 * <p>Distributed as {@link NetworkWeights#random}. The numbers are others: each value is one of
 * 65,536 quantiles, chosen by 16 bits of a stream that depends on seed, name and piece, so several
 * threads may work and the bytes are the same on every machine.
 */
public final class RandomCheckpoint {
  private static final int QUANTILES = 1 << 16;
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final WeightLayout layout;
  private final long seed;
  private final DType dtype;
  private final double[] normal = normalQuantiles();

  /**
   * @param dtype BF16, F16 or F32
   */
  public RandomCheckpoint(WeightLayout layout, long seed, DType dtype) {
    this.layout = layout;
    this.seed = seed;
    this.dtype = dtype;
  }

  /**
   * Writes the shards that an index names, and the index as it is.
   *
   * @param directory exists and is empty
   * @throws CheckpointException if the index names other weights than the network has
   */
  public void write(Path directory, SafetensorsIndex index, LoadProgress progress)
      throws IOException {
    Map<String, List<OutgoingTensor>> shards = new LinkedHashMap<>();
    requireSameNames(index);
    index
        .shardOfTensor()
        .forEach(
            (stored, shard) ->
                shards
                    .computeIfAbsent(shard, name -> new ArrayList<>())
                    .add(outgoing(StoredNames.published(stored), stored)));
    write(directory, shards, progress);
    SafetensorsWriter.copyIndex(index, layout.parameters() * dtype.bytes(), directory);
  }

  /** Writes one file without an index, for a network that had none. */
  public void write(Path directory, LoadProgress progress) throws IOException {
    write(
        directory,
        Map.of(
            "model.safetensors",
            layout.names().stream().map(name -> outgoing(name, name)).toList()),
        progress);
  }

  private void write(
      Path directory, Map<String, List<OutgoingTensor>> shards, LoadProgress progress)
      throws IOException {
    long total =
        shards.values().stream()
            .flatMap(Collection::stream)
            .mapToLong(OutgoingTensor::byteSize)
            .sum();
    long done = 0;
    for (Map.Entry<String, List<OutgoingTensor>> shard : shards.entrySet()) {
      long before = done;
      SafetensorsWriter.write(
          directory.resolve(shard.getKey()),
          shard.getValue(),
          SafetensorsWriter.PYTORCH,
          (bytes, _) -> progress.reached(before + bytes, total));
      done += shard.getValue().stream().mapToLong(OutgoingTensor::byteSize).sum();
    }
  }

  /**
   * Refuses an index that names other weights than the network has.
   *
   * @throws CheckpointException if it does
   */
  public void requireSameNames(SafetensorsIndex index) {
    List<String> given =
        index.shardOfTensor().keySet().stream().map(StoredNames::published).sorted().toList();
    List<String> wanted = layout.names().stream().sorted().toList();
    if (!given.equals(wanted)) {
      List<String> lacking = new ArrayList<>(wanted);
      lacking.removeAll(given);
      List<String> more = new ArrayList<>(given);
      more.removeAll(wanted);
      throw CheckpointException.mismatch(
          index.path(),
          "weight_map",
          "the " + wanted.size() + " weights of the network in config.json",
          given.size() + " names, without " + lacking + " and with " + more + " besides");
    }
  }

  private OutgoingTensor outgoing(String published, String stored) {
    long[] shape = layout.shape(published);
    if (shape.length == 1) {
      double value = published.endsWith("bias") ? 0 : 1;
      int constant = Conversion.bits((float) value, dtype);
      return OutgoingTensor.filled(stored, dtype, shape, (_, target) -> constant(constant, target));
    }
    int[] table = table(layout.freshDeviation(published));
    SplittableRandom streams = new SplittableRandom(mix(seed, published));
    long base = streams.nextLong();
    return OutgoingTensor.filled(
        stored, dtype, shape, (from, target) -> fill(base + from, table, target));
  }

  /** FNV-1a over the name, from the seed on: {@code hashCode} has too few bits. */
  private static long mix(long seed, String name) {
    long hash = 0xcbf29ce484222325L ^ seed;
    for (int i = 0; i < name.length(); i++) {
      hash = (hash ^ name.charAt(i)) * 0x100000001b3L;
    }
    return hash;
  }

  private void constant(int bits, MemorySegment target) {
    if (dtype == DType.F32) {
      for (long i = 0; i < target.byteSize(); i += Integer.BYTES) {
        target.set(INT, i, bits);
      }
    } else {
      for (long i = 0; i < target.byteSize(); i += Short.BYTES) {
        target.set(SHORT, i, (short) bits);
      }
    }
  }

  /** Four values from each draw. */
  private void fill(long streamSeed, int[] table, MemorySegment target) {
    SplittableRandom random = new SplittableRandom(streamSeed);
    int count = Math.toIntExact(target.byteSize() / dtype.bytes());
    long draw = 0;
    if (dtype == DType.F32) {
      for (int i = 0; i < count; i++) {
        draw = (i & 3) == 0 ? random.nextLong() : draw >>> 16;
        target.set(INT, 4L * i, table[(int) draw & 0xFFFF]);
      }
    } else {
      for (int i = 0; i < count; i++) {
        draw = (i & 3) == 0 ? random.nextLong() : draw >>> 16;
        target.set(SHORT, 2L * i, (short) table[(int) draw & 0xFFFF]);
      }
    }
  }

  /** Bits of the quantiles of a normal distribution in the element type. */
  private int[] table(double deviation) {
    int[] table = new int[QUANTILES];
    for (int i = 0; i < QUANTILES; i++) {
      table[i] = Conversion.bits((float) (deviation * normal[i]), dtype);
    }
    return table;
  }

  /**
   * The inverse of the normal distribution at (i + 1/2) / 65,536, by integrating its derivative
   * from the median outwards: right to 3e-4 in the outermost quantile and to 1e-7 in all but ten,
   * and the same on every machine, since only {@code StrictMath} is used.
   */
  private static double[] normalQuantiles() {
    double[] quantiles = new double[QUANTILES];
    double x = 0;
    double p = 0.5;
    int half = QUANTILES / 2;
    for (int i = half; i < QUANTILES; i++) {
      double goal = (i + 0.5) / QUANTILES;
      x = step(x, goal - p);
      p = goal;
      quantiles[i] = x;
      quantiles[QUANTILES - 1 - i] = -x;
    }
    return quantiles;
  }

  /** One step of Runge-Kutta (fourth order) of dx/dp = sqrt(2 pi) exp(x^2 / 2). */
  private static double step(double x, double dp) {
    double k1 = slope(x);
    double k2 = slope(x + dp / 2 * k1);
    double k3 = slope(x + dp / 2 * k2);
    double k4 = slope(x + dp * k3);
    return x + dp / 6 * (k1 + 2 * k2 + 2 * k3 + k4);
  }

  private static double slope(double x) {
    return StrictMath.sqrt(2 * StrictMath.PI) * StrictMath.exp(x * x / 2);
  }
}
