package krites.rollout;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import krites.model.qwen25vl.Kernels;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.PackedWeights;
import krites.model.qwen25vl.Precision;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.torchscript.ScriptModule;
import org.jspecify.annotations.Nullable;

/**
 * The network that an engine runs: its methods, its shape, and the weights that they are called
 * with.
 *
 * <p>What the methods take as {@code w} is made here and nowhere else, once for each version: on a
 * CPU weights packed for oneDNN where there is one, else the weights as they are. Owns its script
 * and the weights that it is given; matrices that were packed are freed in these.
 */
public final class RolloutNetwork implements AutoCloseable {
  private final Qwen25VlConfig config;
  private final NDManager manager;
  private final Precision precision;
  private final Kernels kernels;
  private final ScriptModule script;
  private Version version;
  private @Nullable FedRows fedRows; // once it was needed

  /** Weights of a version, and what became of them. */
  private record Version(NetworkWeights weights, Optional<PackedWeights> packed)
      implements AutoCloseable {
    NDList tensors() {
      return packed.map(PackedWeights::tensors).orElseGet(weights::tensors);
    }

    @Override
    public void close() {
      packed.ifPresent(PackedWeights::close);
      weights.close();
    }
  }

  /**
   * A network with its first weights, on the fastest kernels of the device.
   *
   * @param manager of what the network keeps; decides the device
   */
  public RolloutNetwork(Qwen25VlConfig config, NetworkWeights weights, NDManager manager) {
    this(config, weights, manager, fastest(weights, manager));
  }

  private static Kernels fastest(NetworkWeights weights, NDManager manager) {
    return Kernels.fastest(manager.getDevice(), precisionOf(weights));
  }

  /** A network on kernels by choice. */
  public RolloutNetwork(
      Qwen25VlConfig config, NetworkWeights weights, NDManager manager, Kernels kernels) {
    this.config = config;
    this.manager = manager;
    this.precision = precisionOf(weights);
    this.kernels = kernels;
    this.script = ScriptModule.load(manager, RolloutScript.methods(config, kernels));
    this.version = version(weights);
  }

  private static Precision precisionOf(NetworkWeights weights) {
    return weights.tensors().getFirst().getDataType() == DataType.FLOAT32
        ? Precision.F32
        : Precision.BF16;
  }

  private Version version(NetworkWeights weights) {
    return new Version(
        weights,
        kernels.packed()
            ? Optional.of(PackedWeights.replacing(weights, config, script, manager))
            : Optional.empty());
  }

  Qwen25VlConfig config() {
    return config;
  }

  NDManager manager() {
    return manager;
  }

  Kernels kernels() {
    return kernels;
  }

  /** Rows that a step of so many sequences feeds; the first of a few sequences takes some time. */
  int fed(int sequences) {
    if (sequences >= FedRows.MOST) {
      return sequences;
    }
    if (fedRows == null) {
      fedRows = FedRows.of(this);
    }
    return fedRows.of(sequences);
  }

  /** Feeds by choice from here on. */
  void feed(FedRows rows) {
    fedRows = rows;
  }

  /** Number type of activations, keys and values. */
  Precision precision() {
    return precision;
  }

  /** Numbers of the keys, or of the values, of a token in one layer. */
  int width() {
    return config.keyValueHeads() * config.headSize();
  }

  /** Bytes of the keys and values of a token in all layers. */
  long tokenBytes() {
    return 2L * config.layers() * width() * precision.bytes();
  }

  /** Goes on with other weights of the same shape, which are ready before the old are closed. */
  void take(NetworkWeights weights) {
    Version fresh = version(weights);
    version.close();
    version = fresh;
  }

  /** Calls a method of the network: the weights stand behind the arguments. */
  NDList compute(NDManager output, String method, Object... arguments) {
    List<Object> all = new ArrayList<>(Arrays.asList(arguments));
    all.add(version.tensors());
    return script.call(output, method, all.toArray());
  }

  /** Calls a method that moves tensors and needs no weights. */
  NDList move(NDManager output, String method, Object... arguments) {
    return script.call(output, method, arguments);
  }

  @Override
  public void close() {
    version.close();
    script.close();
  }
}
