package krites.learner;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import java.util.Optional;
import krites.model.qwen25vl.Kernels;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.PackedWeights;
import krites.model.qwen25vl.Precision;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.torchscript.ScriptModule;

/**
 * A network that nobody trains: the reference. It gives log-probabilities and no gradients.
 *
 * <p>On a CPU its weights are packed, unless they are somebody else's.
 */
final class FrozenNetwork implements AutoCloseable {
  private final NDManager manager;
  private final ScriptModule script;
  private final NDList tensors;
  private final Optional<NetworkWeights> own;
  private final int headTokens;

  private FrozenNetwork(
      NDManager manager,
      ScriptModule script,
      NDList tensors,
      Optional<NetworkWeights> own,
      int headTokens) {
    this.manager = manager;
    this.script = script;
    this.tensors = tensors;
    this.own = own;
    this.headTokens = headTokens;
  }

  /**
   * A network of its own.
   *
   * @param weights all of the precision; taken over
   * @param headTokens tokens whose logits exist at once
   */
  static FrozenNetwork of(
      Qwen25VlConfig config,
      NetworkWeights weights,
      Precision precision,
      int headTokens,
      NDManager parent) {
    NDManager manager = parent.newSubManager();
    Kernels kernels = Kernels.fastest(parent.getDevice(), precision);
    ScriptModule script =
        ScriptModule.load(manager, LearnerScript.frozen(config, kernels, Products.TORCH));
    NDList tensors =
        kernels.packed()
            ? PackedWeights.replacing(weights, config, script, manager).tensors()
            : weights.tensors();
    return new FrozenNetwork(manager, script, tensors, Optional.of(weights), headTokens);
  }

  /** What lies beneath the adapters that a core trains; it is not held again. */
  static FrozenNetwork beneath(TrainingCore core, NDManager parent) {
    NDManager manager = parent.newSubManager();
    ScriptModule script =
        ScriptModule.load(
            manager, LearnerScript.frozen(core.config(), Kernels.PLAIN, core.products()));
    return new FrozenNetwork(
        manager, script, core.weights().tensors(), Optional.empty(), core.headTokens());
  }

  /** Log-probabilities of the targets (M). */
  float[] logProbs(PackedRows rows, double temperature) {
    try (NDManager scope = manager.newSubManager()) {
      return script
          .call(
              scope,
              "log_probs",
              rows.tensors(),
              rows.parts(),
              temperature,
              headTokens,
              false,
              tensors)
          .get(0)
          .toFloatArray();
    }
  }

  @Override
  public void close() {
    script.close();
    manager.close();
    own.ifPresent(NetworkWeights::close);
  }
}
