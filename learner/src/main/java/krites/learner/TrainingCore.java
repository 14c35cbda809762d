package krites.learner;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import java.util.Map;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.Precision;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.qwen25vl.WeightLayout;
import krites.model.torchscript.ScriptModule;
import krites.model.torchscript.TorchRuntime;

/**
 * Weights under training: gradients are added up over micro-batches, then one AdamW step consumes
 * them.
 *
 * <p>Gradients, their sums, moments and the weights that AdamW moves are float32. With {@link
 * Precision#BF16} the network computes on rounded copies of those weights, made anew after each
 * step.
 *
 * <p>Owns weights, moments and gradients. One thread at a time.
 */
public final class TrainingCore implements AutoCloseable {
  private final Qwen25VlConfig config;
  private final NDManager manager;
  private final ScriptModule script;
  private final NetworkWeights weights;
  private final NetworkWeights computing;
  private final boolean recompute;
  private final int headTokens;
  private final OptimizerState optimizer;
  private final int firstTrained;
  private NDManager gradientOwner;
  private NDList gradients;

  /** Logits that exist at once: some copies of 128 MiB in float32, whatever the vocabulary. */
  private static final int HEAD_LOGITS = 1 << 25;

  /**
   * What is trained and how the network computes.
   *
   * @param freezeVision leaves the vision tower as it is
   * @param precision of activations, and of the weights that they meet
   * @param checkpointActivations keeps the input of each block alone and runs the block again in
   *     the backward pass
   */
  public record Choice(boolean freezeVision, Precision precision, boolean checkpointActivations) {
    /** Everything trained, in float32, nothing computed twice. */
    public static final Choice PLAIN = new Choice(false, Precision.F32, false);

    /** In which type a weight is to be loaded: float32 if AdamW will move it. */
    public Precision loaded(String name) {
      return freezeVision && WeightLayout.isVision(name) ? precision : Precision.F32;
    }
  }

  /**
   * @param weights as {@link Choice#loaded} says; taken over and changed in place
   * @param parent owner of all native memory; its device is used
   */
  public TrainingCore(
      Qwen25VlConfig config, NetworkWeights weights, Choice choice, NDManager parent) {
    this(config, weights, choice, Math.max(1, HEAD_LOGITS / config.vocabulary()), parent);
  }

  /**
   * As above.
   *
   * @param headTokens tokens whose logits exist at once
   */
  TrainingCore(
      Qwen25VlConfig config,
      NetworkWeights weights,
      Choice choice,
      int headTokens,
      NDManager parent) {
    TorchRuntime.start();
    this.config = config;
    this.weights = weights;
    this.manager = parent.newSubManager();
    this.computing = weights.in(choice.precision(), manager);
    this.recompute = choice.checkpointActivations();
    this.headTokens = headTokens;
    this.script = ScriptModule.load(manager, LearnerScript.methods(config));
    this.firstTrained =
        choice.freezeVision()
            ? (int) weights.layout().names().stream().filter(WeightLayout::isVision).count()
            : 0;
    this.optimizer = OptimizerState.fresh(weights, firstTrained, manager);
    this.gradientOwner = manager.newSubManager();
    this.gradients = noGradients();
  }

  public Qwen25VlConfig config() {
    return config;
  }

  /** The weights as they are trained and saved. */
  public NetworkWeights weights() {
    return weights;
  }

  /** The weights in the type that the network computes in; the same object when that is theirs. */
  public NetworkWeights computing() {
    return computing;
  }

  public OptimizerState optimizer() {
    return optimizer;
  }

  /** Gradients added up so far, in script order; an empty tensor where there is none. */
  public NDList gradients() {
    return gradients;
  }

  /**
   * Log-probabilities of the targets and entropies, both (M), under given weights; no gradients.
   */
  public NDList logProbs(
      PackedRows rows, double temperature, NetworkWeights under, NDManager output) {
    return script.call(
        output, "log_probs", rows.tensors(), temperature, headTokens, under.tensors());
  }

  /**
   * Adds the gradient of the weighted sum of negative log-probabilities.
   *
   * @param tokenWeights (M)
   * @return the loss
   */
  public double supervised(PackedRows rows, float[] tokenWeights) {
    try (NDManager scope = manager.newSubManager()) {
      NDArray weight = scope.create(tokenWeights);
      return accumulate(
              "supervised",
              2,
              rows.tensors(),
              weight,
              headTokens,
              recompute,
              firstTrained,
              gradients,
              computing.tensors())
          .get(0)
          .getFloat();
    }
  }

  /**
   * What the policy loss says of one micro-batch.
   *
   * @param sums over its tokens, by their weights
   * @param counts plain counts and extremes, as {@link ImportanceCounts} reads them
   * @param logProbs of the targets (M)
   */
  public record PolicyLoss(float[] sums, float[] counts, float[] logProbs) {
    public double loss() {
      return sums[0];
    }

    public double policy() {
      return sums[1];
    }

    public double kl() {
      return sums[2];
    }

    /** Entropy of the distributions that the tokens were drawn from. */
    public double entropy() {
      return sums[3];
    }

    /** How many tokens the clip held back (see the plain objectives for which count). */
    public double clippedHigh() {
      return sums[4];
    }

    /** How many tokens with a negative advantage were cut by the dual clip. */
    public double clippedLow() {
      return sums[5];
    }

    /**
     * Approximate divergence from the proximal policy: its log-probability less the current one.
     */
    public double policyKl() {
      return sums[6];
    }

    /** Importance weights after correction. */
    public double importance() {
      return sums[7];
    }
  }

  /** Adds the gradient of the policy objective; the targets are those of the rows, in order. */
  public PolicyLoss policy(PackedRows rows, PolicyTargets targets, Objective objective) {
    try (NDManager scope = manager.newSubManager()) {
      Object[] settings = ObjectiveScript.arguments(objective.loss(), targets, scope);
      NDList result =
          accumulate(
              "policy",
              3,
              rows.tensors(),
              objective.temperature(),
              settings[0],
              settings[1],
              settings[2],
              settings[3],
              headTokens,
              recompute,
              firstTrained,
              gradients,
              computing.tensors());
      return new PolicyLoss(
          result.get(0).toFloatArray(), result.get(1).toFloatArray(), result.get(2).toFloatArray());
    }
  }

  /**
   * Runs a loss method; its first results are returned (valid until the next call), the rest are
   * the new gradients. Those that there were are changed in place and returned with them.
   */
  private NDList accumulate(String method, int results, Object... arguments) {
    NDManager owner = manager.newSubManager();
    NDList all = script.callWithGradients(owner, method, arguments);
    gradientOwner.close();
    gradientOwner = owner;
    gradients = new NDList(all.subList(results, all.size()));
    return new NDList(all.subList(0, results));
  }

  /** Norm of all gradients before clipping, and whether the step was made. */
  public record Update(double gradientNorm, boolean applied) {}

  /**
   * One AdamW step with the gradients added up so far, which are then forgotten.
   *
   * @throws IllegalStateException if there are none
   */
  public Update update(double learningRate, AdamWSettings settings) {
    if (gradients.stream().allMatch(NDArray::isEmpty)) {
      throw new IllegalStateException("no gradients to make a step with");
    }
    try (NDManager scope = manager.newSubManager()) {
      NDList result =
          script.call(
              scope,
              "update",
              trained(weights.tensors()),
              trained(gradients),
              trained(optimizer.first()),
              trained(optimizer.second()),
              trained(optimizer.steps()),
              learningRate,
              settings.beta1(),
              settings.beta2(),
              settings.epsilon(),
              settings.weightDecay(),
              settings.maxNorm());
      Update update = new Update(result.get(0).getFloat(), result.get(1).toFloatArray()[0] > 0);
      if (update.applied() && computing != weights) {
        script.call(scope, "refresh", trained(computing.tensors()), trained(weights.tensors()));
      }
      forgetGradients();
      return update;
    }
  }

  /**
   * The entries of a list whose weight has a gradient; the others are left alone, as PyTorch does.
   */
  private NDList trained(NDList list) {
    NDList chosen = new NDList();
    for (int i = 0; i < list.size(); i++) {
      if (gradients.get(i).getShape().size() > 0) {
        chosen.add(list.get(i));
      }
    }
    return chosen;
  }

  /** Drops the gradients added up so far. */
  public void forgetGradients() {
    gradientOwner.close();
    gradientOwner = manager.newSubManager();
    gradients = noGradients();
  }

  /**
   * Replaces the gradients by ones computed elsewhere.
   *
   * @param byName gradients in the shape of their weight, flattened; a weight that is not named has
   *     none
   * @throws IllegalArgumentException if a name is unknown or a length differs
   */
  public void setGradients(Map<String, float[]> byName) {
    forgetGradients();
    WeightLayout layout = weights.layout();
    byName.forEach(
        (name, values) -> {
          if (values.length != layout.size(name)) {
            throw new IllegalArgumentException(
                "gradient of "
                    + name
                    + " has "
                    + values.length
                    + " values, expected "
                    + layout.size(name));
          }
          int place = layout.names().indexOf(name);
          gradients.set(place, gradientOwner.create(values, new Shape(layout.shape(name))));
        });
  }

  private NDList noGradients() {
    NDList list = new NDList();
    List<String> names = weights.layout().names();
    for (int i = 0; i < names.size(); i++) {
      list.add(gradientOwner.zeros(new Shape(0)));
    }
    return list;
  }

  @Override
  public void close() {
    script.close();
    if (computing != weights) {
      computing.close();
    }
    manager.close();
    weights.close();
  }
}
