package krites.learner;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.grpo.port.MemberExchange;
import krites.model.lora.LoraAdapters;
import krites.model.lora.LoraLayout;
import krites.model.lora.LoraSettings;
import krites.model.lora.MergedWeights;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.Precision;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.qwen25vl.SavedWeights;
import krites.model.qwen25vl.WeightLayout;
import krites.model.torchscript.RawTensors;
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
  private final Products products;
  private final Optional<LoraAdapters> adapters;
  private final List<String> names;
  private final NDList network;
  private final NDList trained;
  private final Optimizer optimizer;
  private final int firstTrained;
  private final List<OptimizerState.Part> parts; // whole, of all trained tensors
  private final Optional<ParameterShards> shards;
  private final Optional<ShardedUpdate> sharded;
  private final NDList masters; // what the optimizer moves here
  private final boolean mastersApart; // a member's float32 values are its shard's alone
  private NDManager gradientOwner;
  private NDList gradients;

  /** Logits that exist at once: some copies of 128 MiB in float32, whatever the vocabulary. */
  private static final int HEAD_LOGITS = 1 << 25;

  /**
   * What is trained, how the network computes, and what the optimizer remembers.
   *
   * @param freezeVision leaves the vision tower as it is
   * @param precision of activations, and of the weights that they meet
   * @param checkpointActivations keeps the input of each block alone and runs the block again in
   *     the backward pass
   * @param lora adapters that are trained in place of the weights
   * @param optimizer how and where moments are kept
   */
  public record Choice(
      boolean freezeVision,
      Precision precision,
      boolean checkpointActivations,
      Optional<LoraSettings> lora,
      OptimizerSettings optimizer) {
    /** Everything trained, in float32, nothing computed twice. */
    public static final Choice PLAIN = new Choice(false, Precision.F32, false);

    /** Weights are trained, with float32 moments beside them. */
    public Choice(boolean freezeVision, Precision precision, boolean checkpointActivations) {
      this(
          freezeVision,
          precision,
          checkpointActivations,
          Optional.empty(),
          OptimizerSettings.DEFAULT);
    }

    /** In which type a weight is to be loaded: float32 if AdamW will move it. */
    public Precision loaded(String name) {
      return isTrained(name) ? Precision.F32 : precision;
    }

    /** Whether AdamW moves a weight of the network. */
    boolean isTrained(String name) {
      return lora.isEmpty() && !(freezeVision && WeightLayout.isVision(name));
    }

    /** The same with another optimizer. */
    Choice with(OptimizerSettings other) {
      return new Choice(freezeVision, precision, checkpointActivations, lora, other);
    }

    /** The same with adapters. */
    Choice with(LoraSettings other) {
      return new Choice(
          freezeVision, precision, checkpointActivations, Optional.of(other), optimizer);
    }
  }

  /**
   * A core that begins with fresh adapters, if it trains any.
   *
   * @param weights as {@link Choice#loaded} says; taken over, and changed in place unless adapters
   *     are trained
   * @param parent owner of all native memory; its device is used
   */
  public TrainingCore(
      Qwen25VlConfig config, NetworkWeights weights, Choice choice, NDManager parent) {
    this(
        config,
        weights,
        choice,
        choice.lora().map(lora -> LoraAdapters.fresh(config, lora, parent)),
        parent);
  }

  /**
   * As above.
   *
   * @param adapters those that {@link Choice#lora} describes; taken over
   */
  public TrainingCore(
      Qwen25VlConfig config,
      NetworkWeights weights,
      Choice choice,
      Optional<LoraAdapters> adapters,
      NDManager parent) {
    this(config, weights, choice, adapters, Optional.empty(), parent);
  }

  /**
   * As above, for one member of a learner.
   *
   * @param members what it shares the optimizer with; empty for a learner alone. With bfloat16 the
   *     float32 values of other members' shards are freed
   */
  public TrainingCore(
      Qwen25VlConfig config,
      NetworkWeights weights,
      Choice choice,
      Optional<LoraAdapters> adapters,
      Optional<MemberExchange> members,
      NDManager parent) {
    this(
        config,
        weights,
        choice,
        adapters,
        members,
        Math.max(1, HEAD_LOGITS / config.vocabulary()),
        Optimizer.PART,
        parent);
  }

  /**
   * As above, for measuring what {@code headTokens} costs and saves.
   *
   * @param headTokens tokens whose logits exist at once
   */
  public TrainingCore(
      Qwen25VlConfig config,
      NetworkWeights weights,
      Choice choice,
      int headTokens,
      NDManager parent) {
    this(
        config,
        weights,
        choice,
        choice.lora().map(lora -> LoraAdapters.fresh(config, lora, parent)),
        Optional.empty(),
        headTokens,
        Optimizer.PART,
        parent);
  }

  /**
   * As above.
   *
   * @param part values of a tensor that the optimizer takes at once
   */
  TrainingCore(
      Qwen25VlConfig config,
      NetworkWeights weights,
      Choice choice,
      Optional<LoraAdapters> adapters,
      Optional<MemberExchange> members,
      int headTokens,
      int part,
      NDManager parent) {
    TorchRuntime.start();
    this.config = config;
    this.weights = weights;
    this.adapters = adapters;
    this.manager = parent.newSubManager();
    this.computing = weights.in(choice.precision(), manager);
    this.recompute = choice.checkpointActivations();
    this.headTokens = headTokens;
    Optional<LoraLayout> lora = adapters.map(LoraAdapters::layout);
    this.products = Products.fastest(manager.getDevice(), choice.precision());
    this.script =
        ScriptModule.load(
            manager, LearnerScript.methods(config, lora.map(LoraLayout::settings), products));
    this.names = new ArrayList<>(weights.layout().names());
    lora.ifPresent(layout -> names.addAll(layout.names()));
    this.network = withAdapters(computing.tensors());
    this.trained = withAdapters(weights.tensors());
    this.firstTrained = firstTrained(choice);
    this.parts = wholeParts();
    this.shards = members.map(exchange -> ParameterShards.of(sizes(), exchange.members()));
    this.mastersApart = members.isPresent() && computing != weights && adapters.isEmpty();
    this.masters = members.isPresent() ? masters(members.get().rank()) : tail(trained);
    this.optimizer =
        new Optimizer(
            script,
            OptimizerState.fresh(
                members.map(exchange -> ownParts(exchange.rank())).orElse(parts),
                choice.optimizer(),
                manager),
            manager,
            part);
    this.sharded =
        members.map(
            exchange ->
                new ShardedUpdate(
                    exchange,
                    shards.orElseThrow(),
                    tail(network),
                    masters,
                    optimizer,
                    script,
                    manager));
    if (mastersApart) {
      weights.close();
    }
    this.gradientOwner = manager.newSubManager();
    this.gradients = noGradients();
  }

  private NDList tail(NDList all) {
    return new NDList(all.subList(firstTrained, all.size()));
  }

  private List<OptimizerState.Part> wholeParts() {
    List<OptimizerState.Part> all = new ArrayList<>();
    for (int i = firstTrained; i < names.size(); i++) {
      all.add(OptimizerState.Part.whole(names.get(i), trained.get(i).getShape()));
    }
    return List.copyOf(all);
  }

  private List<Long> sizes() {
    return parts.stream().map(OptimizerState.Part::count).toList();
  }

  private List<OptimizerState.Part> ownParts(int member) {
    List<OptimizerState.Part> own = new ArrayList<>();
    for (ParameterShards.Slice slice : shards.orElseThrow().of(member)) {
      OptimizerState.Part whole = parts.get(slice.tensor());
      own.add(new OptimizerState.Part(whole.name(), whole.shape(), slice.start(), slice.count()));
    }
    return own;
  }

  /** The slices of a member in float32: where they are, or copies when the rest is to be freed. */
  private NDList masters(int member) {
    NDList own = new NDList();
    for (ParameterShards.Slice slice : shards.orElseThrow().of(member)) {
      NDArray whole = trained.get(firstTrained + slice.tensor());
      NDArray view = RawTensors.flatPart(whole, slice.start(), slice.count(), manager);
      if (mastersApart) {
        try (view) {
          NDArray copy = view.duplicate();
          copy.attach(manager);
          own.add(copy);
        }
      } else {
        own.add(view);
      }
    }
    return own;
  }

  private NDList withAdapters(NDList tensors) {
    NDList all = new NDList(tensors);
    adapters.ifPresent(added -> all.addAll(added.tensors()));
    return all;
  }

  /** Where the trained tail of the script's list begins. */
  private int firstTrained(Choice choice) {
    List<String> own = weights.layout().names();
    return (int) own.stream().filter(name -> !choice.isTrained(name)).count();
  }

  public Qwen25VlConfig config() {
    return config;
  }

  /**
   * The weights as they are trained and saved; with adapters, the frozen ones beneath them.
   *
   * @throws IllegalStateException of a member of a learner that has those of its shard alone
   */
  public NetworkWeights weights() {
    if (mastersApart) {
      throw new IllegalStateException("no member of a learner has all float32 weights");
    }
    return weights;
  }

  /** Whether a member of a learner has float32 weights of its shard alone. */
  boolean mastersApart() {
    return mastersApart;
  }

  /** What the optimizer moves at this member: its slices, flat. */
  NDList masters() {
    return masters;
  }

  ParameterShards shards() {
    return shards.orElseThrow();
  }

  /** What is trained, whole. */
  List<OptimizerState.Part> parts() {
    return parts;
  }

  /** The weights in the type that the network computes in; the same object when that is theirs. */
  public NetworkWeights computing() {
    return computing;
  }

  /** What is trained in place of the weights, if anything is. */
  public Optional<LoraAdapters> adapters() {
    return adapters;
  }

  /**
   * The network as it is now, for a writer: with adapters merged in, if there are any.
   *
   * @throws IllegalStateException as {@link #weights}
   */
  public SavedWeights current() {
    return adapters.isPresent() ? new MergedWeights(weights, adapters.get()) : weights();
  }

  public OptimizerState optimizer() {
    return optimizer.state();
  }

  /** Tokens whose logits exist at once. */
  int headTokens() {
    return headTokens;
  }

  Products products() {
    return products;
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
    return script.call(
        output, "log_probs", rows.tensors(), rows.parts(), temperature, headTokens, true, network);
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
              rows.parts(),
              weight,
              headTokens,
              recompute,
              firstTrained,
              gradients,
              network)
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
              rows.parts(),
              objective.temperature(),
              settings[0],
              settings[1],
              settings[2],
              settings[3],
              headTokens,
              recompute,
              firstTrained,
              gradients,
              network);
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
    List<Integer> places = new ArrayList<>();
    NDList moved = new NDList();
    NDList theirs = new NDList();
    NDList rounded = new NDList();
    for (int i = firstTrained; i < names.size(); i++) {
      // A weight without a gradient is left alone, as PyTorch does.
      if (gradients.get(i).getShape().size() > 0) {
        places.add(i - firstTrained);
        moved.add(trained.get(i));
        theirs.add(gradients.get(i));
        rounded.add(network.get(i));
      }
    }
    if (places.isEmpty()) {
      throw new IllegalStateException("no gradients to make a step with");
    }
    Update update = optimizer.step(places, moved, theirs, learningRate, settings);
    if (update.applied() && computing != weights && adapters.isEmpty()) {
      try (NDManager scope = manager.newSubManager()) {
        script.call(scope, "refresh", rounded, moved);
      }
    }
    forgetGradients();
    return update;
  }

  /** Whether there is a gradient of a trained tensor, by its place. */
  boolean[] present() {
    boolean[] present = new boolean[parts.size()];
    for (int i = 0; i < present.length; i++) {
      present[i] = gradients.get(firstTrained + i).getShape().size() > 0;
    }
    return present;
  }

  /**
   * As {@link #update(double, AdamWSettings)}, together with the other members.
   *
   * @param present which member has a gradient of a trained tensor, by member and place
   */
  Update update(boolean[][] present, double learningRate, AdamWSettings settings) {
    Update update = sharded.orElseThrow().make(tail(gradients), present, learningRate, settings);
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
    if (computing != weights) {
      computing.close();
    }
    manager.close();
    adapters.ifPresent(LoraAdapters::close);
    if (!mastersApart) {
      weights.close();
    }
  }
}
