package krites.learner;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.model.lora.LoraAdapters;
import krites.model.lora.LoraLayout;
import krites.model.lora.MergedWeights;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.qwen25vl.SavedWeights;
import krites.model.qwen25vl.WeightLayout;
import krites.model.torchscript.ScriptModule;
import krites.model.torchscript.TorchRuntime;

/**
 * Weights under training: gradients are added up over micro-batches, then one AdamW step consumes
 * them.
 *
 * <p>Owns weights, moments and gradients. One thread at a time.
 */
public final class TrainingCore implements AutoCloseable {
  private final Qwen25VlConfig config;
  private final NDManager manager;
  private final ScriptModule script;
  private final NetworkWeights weights;
  private final Optional<LoraAdapters> adapters;
  private final Optional<ScriptModule> plain;
  private final List<String> names;
  private final NDList network;
  private final Optimizer optimizer;
  private final int firstTrained;
  private NDManager gradientOwner;
  private NDList gradients;

  /**
   * What is trained, and what the optimizer remembers of it.
   *
   * @param freezeVision leaves the vision tower as it is
   * @param adapters are trained in place of the weights; taken over
   * @param optimizer how and where moments are kept
   */
  public record Choice(
      boolean freezeVision, Optional<LoraAdapters> adapters, OptimizerSettings optimizer) {}

  /** All weights or those of the decoder, with float32 moments beside them. */
  public TrainingCore(
      Qwen25VlConfig config, NetworkWeights weights, boolean freezeVision, NDManager parent) {
    this(
        config,
        weights,
        new Choice(freezeVision, Optional.empty(), OptimizerSettings.DEFAULT),
        parent);
  }

  /**
   * @param weights taken over, and changed in place unless adapters are trained
   * @param parent owner of all native memory; its device is used
   */
  public TrainingCore(
      Qwen25VlConfig config, NetworkWeights weights, Choice choice, NDManager parent) {
    this(config, weights, choice, parent, Optimizer.PART);
  }

  TrainingCore(
      Qwen25VlConfig config,
      NetworkWeights weights,
      Choice choice,
      NDManager parent,
      int optimizerPart) {
    TorchRuntime.start();
    this.config = config;
    this.weights = weights;
    this.adapters = choice.adapters();
    this.manager = parent.newSubManager();
    Optional<LoraLayout> lora = adapters.map(LoraAdapters::layout);
    this.script =
        ScriptModule.load(manager, LearnerScript.methods(config, lora.map(LoraLayout::settings)));
    this.plain =
        lora.map(_ -> ScriptModule.load(manager, LearnerScript.methods(config, Optional.empty())));
    this.names = new ArrayList<>(weights.layout().names());
    lora.ifPresent(layout -> names.addAll(layout.names()));
    this.network = new NDList(weights.tensors());
    adapters.ifPresent(added -> network.addAll(added.tensors()));
    this.firstTrained = firstTrained(weights.layout(), choice);
    this.optimizer =
        new Optimizer(
            script,
            OptimizerState.fresh(
                names.subList(firstTrained, names.size()),
                new NDList(network.subList(firstTrained, network.size())),
                choice.optimizer(),
                manager),
            manager,
            optimizerPart);
    this.gradientOwner = manager.newSubManager();
    this.gradients = noGradients();
  }

  /** Where the trained tail of the script's list begins. */
  private static int firstTrained(WeightLayout layout, Choice choice) {
    if (choice.adapters().isPresent()) {
      return layout.names().size();
    }
    return choice.freezeVision()
        ? (int) layout.names().stream().filter(WeightLayout::isVision).count()
        : 0;
  }

  public Qwen25VlConfig config() {
    return config;
  }

  /** The weights of the network; with adapters, the frozen ones beneath them. */
  public NetworkWeights weights() {
    return weights;
  }

  /** What is trained in place of the weights, if anything is. */
  public Optional<LoraAdapters> adapters() {
    return adapters;
  }

  /** The network as it is now, for a writer: with adapters merged in, if there are any. */
  public SavedWeights current() {
    return adapters.isPresent() ? new MergedWeights(weights, adapters.get()) : weights;
  }

  public OptimizerState optimizer() {
    return optimizer.state();
  }

  /** Where the trained tail of the script's list begins. */
  int firstTrained() {
    return firstTrained;
  }

  /** Gradients added up so far, in script order; an empty tensor where there is none. */
  public NDList gradients() {
    return gradients;
  }

  /** Log-probabilities of the targets and entropies, both (M), as trained so far; no gradients. */
  public NDList logProbs(PackedRows rows, double temperature, NDManager output) {
    return script.call(output, "log_probs", rows.tensors(), temperature, network);
  }

  /** As {@link #logProbs(PackedRows, double, NDManager)}, under given weights without adapters. */
  public NDList logProbs(
      PackedRows rows, double temperature, NetworkWeights under, NDManager output) {
    return plain
        .orElse(script)
        .call(output, "log_probs", rows.tensors(), temperature, under.tensors());
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
      return accumulate("supervised", 2, rows.tensors(), weight, firstTrained, gradients, network)
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
              firstTrained,
              gradients,
              network);
      return new PolicyLoss(
          result.get(0).toFloatArray(), result.get(1).toFloatArray(), result.get(2).toFloatArray());
    }
  }

  /**
   * Runs a loss method; its first results are returned (valid until the next call), the rest are
   * the new gradients.
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
    List<Integer> places = new ArrayList<>();
    NDList trained = new NDList();
    NDList theirs = new NDList();
    for (int i = firstTrained; i < names.size(); i++) {
      // A weight without a gradient is left alone, as PyTorch does.
      if (gradients.get(i).getShape().size() > 0) {
        places.add(i - firstTrained);
        trained.add(network.get(i));
        theirs.add(gradients.get(i));
      }
    }
    if (places.isEmpty()) {
      throw new IllegalStateException("no gradients to make a step with");
    }
    Update update = optimizer.step(places, trained, theirs, learningRate, settings);
    forgetGradients();
    return update;
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
   * @throws IllegalArgumentException if a name is not that of a trained tensor or a length differs
   */
  public void setGradients(Map<String, float[]> byName) {
    forgetGradients();
    byName.forEach(
        (name, values) -> {
          int place = names.indexOf(name);
          if (place < firstTrained) {
            throw new IllegalArgumentException(name + " is not trained");
          }
          Shape shape = network.get(place).getShape();
          if (values.length != shape.size()) {
            throw new IllegalArgumentException(
                "gradient of "
                    + name
                    + " has "
                    + values.length
                    + " values, expected "
                    + shape.size());
          }
          gradients.set(place, gradientOwner.create(values, shape));
        });
  }

  private NDList noGradients() {
    NDList list = new NDList();
    for (int i = 0; i < names.size(); i++) {
      list.add(gradientOwner.zeros(new Shape(0)));
    }
    return list;
  }

  @Override
  public void close() {
    optimizer.close();
    script.close();
    plain.ifPresent(ScriptModule::close);
    manager.close();
    adapters.ifPresent(LoraAdapters::close);
    weights.close();
  }
}
