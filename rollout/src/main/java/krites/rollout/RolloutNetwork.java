package krites.rollout;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.Precision;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.torchscript.ScriptModule;

/**
 * The network that an engine runs: its methods, its shape, and the weights that they are called
 * with.
 *
 * <p>What the methods take as {@code w} is made here and nowhere else, once for each version, while
 * the version before can still be used. Borrows the script; owns the weights it is given.
 */
public final class RolloutNetwork implements AutoCloseable {
  private final Qwen25VlConfig config;
  private final ScriptModule script;
  private final NDManager manager;
  private final Precision precision;
  private NetworkWeights weights;

  /**
   * A network with its first weights.
   *
   * @param script of {@link RolloutScript#methods}
   * @param manager of what the network keeps; decides the device
   */
  public RolloutNetwork(
      Qwen25VlConfig config, ScriptModule script, NetworkWeights weights, NDManager manager) {
    this.config = config;
    this.script = script;
    this.manager = manager;
    this.weights = weights;
    this.precision =
        weights.tensors().getFirst().getDataType() == DataType.FLOAT32
            ? Precision.F32
            : Precision.BF16;
  }

  Qwen25VlConfig config() {
    return config;
  }

  NDManager manager() {
    return manager;
  }

  NetworkWeights weights() {
    return weights;
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

  /** Goes on with other weights of the same shape; those before are closed. */
  void take(NetworkWeights fresh) {
    NetworkWeights before = weights;
    weights = fresh;
    before.close();
  }

  /** Calls a method of the network: the weights stand behind the arguments. */
  NDList compute(NDManager output, String method, Object... arguments) {
    List<Object> all = new ArrayList<>(Arrays.asList(arguments));
    all.add(weights.tensors());
    return script.call(output, method, all.toArray());
  }

  /** Calls a method that moves tensors and needs no weights. */
  NDList move(NDManager output, String method, Object... arguments) {
    return script.call(output, method, arguments);
  }

  @Override
  public void close() {
    weights.close();
  }
}
