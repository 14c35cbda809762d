package krites.learner;

import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import krites.grpo.EncodedPrompt;
import krites.grpo.Group;
import krites.grpo.ImageRef;
import krites.grpo.PolicyVersion;
import krites.grpo.StepReport;
import krites.grpo.TrainingBatch;
import krites.grpo.TrainingGroup;
import krites.grpo.WeightUpdate;
import krites.grpo.objective.LearningRate;
import krites.grpo.objective.ProximalRule;
import krites.grpo.port.ImageStore;
import krites.grpo.port.PolicyTrainer;
import krites.model.image.ImagePipeline;
import krites.model.image.ProcessedImage;
import krites.model.lora.LoraAdapters;
import krites.model.lora.LoraFiles;
import krites.model.lora.LoraSettings;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.Precision;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.qwen25vl.SavedWeights;
import krites.model.torchscript.TorchRuntime;
import krites.model.weights.WeightStore;

/**
 * GRPO on the network: the reference pass, the policy loss micro-batch by micro-batch, clipping and
 * AdamW.
 *
 * <p>A step is a queue of short pieces: for each micro-batch the log-probabilities of the frozen
 * reference (and of the policy, when the batch is used for several updates), then for each update
 * its micro-batches and the optimizer.
 */
public final class DjlPolicyTrainer implements PolicyTrainer {
  /** File of the optimizer's memory in a checkpoint. */
  public static final String OPTIMIZER_FILE = "optimizer.safetensors";

  private final TrainerSettings settings;
  private final ImageStore images;
  private final ImagePipeline pipeline;
  private final WeightStore store;
  private final ModelSaver saver;
  private final NDManager manager;
  private final TrainingCore core;
  private final Path referenceFolder;
  private final Optional<LoraFiles.Base> base;
  private Optional<FrozenNetwork> reference;
  private Optional<LaidOut> laidOut = Optional.empty();
  private final Deque<Runnable> pieces = new ArrayDeque<>();
  private PolicyVersion version;
  private Optional<StepMetrics> metrics = Optional.empty();
  private Optional<TrainingBatch> batch = Optional.empty();

  /**
   * Writes the weights of a model directory with everything that belongs to it (configuration,
   * tokenizer).
   */
  public interface ModelSaver {
    void save(Path directory, SavedWeights weights) throws IOException;
  }

  /**
   * What a trainer starts from.
   *
   * @param policy model directory of the weights to train; when adapters are trained, the reference
   *     for fresh ones or a directory of adapters
   * @param reference model directory of the frozen reference
   * @param optimizer state to continue from, or empty for a fresh one
   * @param base what adapters say of the reference, which they stand beside; needed when adapters
   *     are trained
   * @param version of the weights
   */
  public record Start(
      Path policy,
      Path reference,
      Optional<Path> optimizer,
      Optional<LoraFiles.Base> base,
      PolicyVersion version) {
    /** Where no adapters are trained. */
    public Start(Path policy, Path reference, Optional<Path> optimizer, PolicyVersion version) {
      this(policy, reference, optimizer, Optional.empty(), version);
    }
  }

  /** Loads weights; call it on the thread that will drive the trainer. */
  public DjlPolicyTrainer(
      Start start,
      TrainerSettings settings,
      ImageStore images,
      ImagePipeline pipeline,
      WeightStore store,
      ModelSaver saver) {
    TorchRuntime.prepareThread(settings.threads(), true);
    this.settings = settings;
    this.images = images;
    this.pipeline = pipeline;
    this.store = store;
    this.saver = saver;
    this.version = start.version();
    this.manager = NDManager.newBaseManager(settings.device(), "PyTorch");
    Qwen25VlConfig config = Qwen25VlConfig.load(start.reference());
    Optional<LoraAdapters> adapters =
        settings.choice().lora().map(lora -> adapters(start, config, lora));
    this.core =
        new TrainingCore(
            config,
            adapters.isPresent()
                ? NetworkWeights.map(
                    start.reference(), config, settings.choice().precision(), manager)
                : NetworkWeights.load(start.policy(), config, settings.choice()::loaded, manager),
            settings.choice(),
            adapters,
            manager);
    start.optimizer().ifPresent(core.optimizer()::load);
    this.referenceFolder = start.reference();
    this.base = start.base();
    if (settings.choice().lora().isPresent() && base.isEmpty()) {
      throw new IllegalArgumentException("adapters without the name of their base");
    }
    this.reference =
        settings.objective().usesReference() ? Optional.of(loadReference()) : Optional.empty();
  }

  private LoraAdapters adapters(Start start, Qwen25VlConfig config, LoraSettings lora) {
    return start.policy().equals(start.reference())
        ? LoraAdapters.fresh(config, lora, manager)
        : LoraAdapters.load(start.policy(), config, lora, manager);
  }

  /** With adapters the reference is what lies beneath them; it is not loaded again. */
  private FrozenNetwork loadReference() {
    if (core.adapters().isPresent()) {
      return FrozenNetwork.beneath(core, manager);
    }
    Precision precision = settings.choice().precision();
    return FrozenNetwork.of(
        core.config(),
        NetworkWeights.map(referenceFolder, core.config(), precision, manager),
        precision,
        core.headTokens(),
        manager);
  }

  @Override
  public PolicyVersion version() {
    return version;
  }

  @Override
  public void begin(TrainingBatch next) {
    if (batch.isPresent()) {
      throw new IllegalStateException("step " + batch.get().step() + " is still under way");
    }
    if (!next.policy().equals(version)) {
      throw new IllegalArgumentException(
          "the batch of step "
              + next.step()
              + " is for "
              + next.policy()
              + ", the trainer has "
              + version);
    }
    batch = Optional.of(next);
    StepMetrics collected = new StepMetrics();
    metrics = Optional.of(collected);
    List<List<MicroBatch>> updates = cut(next);
    Objective objective = settings.objective().with(next.tuning());
    Optional<FrozenNetwork> frozen = reference(objective);
    boolean needsOld = updates.size() > 1 && objective.loss().proximal() == ProximalRule.RECOMPUTED;
    if (needsOld) {
      // No update may come before them.
      for (List<MicroBatch> update : updates) {
        update.forEach(micro -> addFixedLogProbs(micro, frozen, true, collected));
      }
    }
    for (List<MicroBatch> update : updates) {
      long tokens = update.stream().mapToLong(MicroBatch::tokens).sum();
      int responses = update.stream().mapToInt(micro -> micro.lengths().size()).sum();
      for (MicroBatch micro : update) {
        float[] weights =
            settings
                .averaging()
                .of(
                    micro.lengths(),
                    update.size(),
                    tokens,
                    responses,
                    settings.maxResponseTokens());
        if (!needsOld && frozen.isPresent()) {
          addFixedLogProbs(micro, frozen, false, collected); // side by side, they share the rows
        }
        pieces.add(
            () ->
                collected.time(
                    "policy",
                    () -> gradient(micro, weights, objective, updates.size(), collected)));
      }
      pieces.add(() -> collected.time("optimizer", () -> optimize(next, collected)));
    }
  }

  private void addFixedLogProbs(
      MicroBatch micro, Optional<FrozenNetwork> frozen, boolean needsOld, StepMetrics collected) {
    pieces.add(() -> collected.time("reference", () -> fixedLogProbs(micro, frozen, needsOld)));
  }

  /**
   * The frozen start policy if the objective of a step needs it; one that the configuration did not
   * need is loaded when a step first does, and kept.
   */
  private Optional<FrozenNetwork> reference(Objective objective) {
    if (!objective.usesReference()) {
      return Optional.empty();
    }
    if (reference.isEmpty()) {
      reference = Optional.of(loadReference());
    }
    return reference;
  }

  /** Micro-batches of each optimizer step. */
  private List<List<MicroBatch>> cut(TrainingBatch next) {
    List<TrainingGroup> groups = next.groups();
    int updates = Math.min(settings.updatesPerBatch(), groups.size());
    List<List<MicroBatch>> cut = new ArrayList<>();
    for (int u = 0; u < updates; u++) {
      List<TrainingGroup> share =
          groups.subList(u * groups.size() / updates, (u + 1) * groups.size() / updates);
      List<PackedRows.Sequence> sequences =
          share.stream().map(group -> sequence(group.group())).toList();
      cut.add(MicroBatch.cut(share, sequences, settings.microBatchTokens(), next.policy()));
    }
    return cut;
  }

  private PackedRows.Sequence sequence(Group group) {
    EncodedPrompt encoded = group.encoded();
    List<ProcessedImage> processed = new ArrayList<>();
    for (ImageRef image : group.prompt().images()) {
      try {
        processed.add(pipeline.process(images.read(image), image.name()));
      } catch (IOException e) {
        throw new UncheckedIOException(
            "image " + image.name() + " of group " + group.id() + " cannot be read", e);
      }
    }
    return new PackedRows.Sequence(
        encoded.ids().toArray(),
        processed,
        group.responses().stream().map(response -> response.ids().toArray()).toList());
  }

  /** Rows of the micro-batch that was worked on last, and who owns their tensors. */
  private record LaidOut(MicroBatch micro, PackedRows rows, NDManager owner) {}

  private PackedRows rows(MicroBatch micro) {
    if (laidOut.isEmpty() || laidOut.get().micro() != micro) {
      forgetRows();
      NDManager owner = manager.newSubManager();
      PackedRows rows = PackedRows.of(micro.sequences(), core.config(), owner);
      laidOut = Optional.of(new LaidOut(micro, rows, owner));
    }
    return laidOut.get().rows();
  }

  private void forgetRows() {
    laidOut.ifPresent(old -> old.owner().close());
    laidOut = Optional.empty();
  }

  private void fixedLogProbs(MicroBatch micro, Optional<FrozenNetwork> frozen, boolean needsOld) {
    PackedRows rows = rows(micro);
    double temperature = settings.objective().temperature();
    frozen.ifPresent(network -> micro.setReference(network.logProbs(rows, temperature)));
    if (needsOld) {
      try (NDManager scope = manager.newSubManager()) {
        micro.setOld(core.logProbs(rows, temperature, scope).get(0).toFloatArray());
      }
    }
  }

  private void gradient(
      MicroBatch micro, float[] weights, Objective objective, int updates, StepMetrics collected) {
    PackedRows rows = rows(micro);
    TrainingCore.PolicyLoss loss = core.policy(rows, micro.targets(weights), objective);
    collected.add(loss, 1.0 / updates, micro, rows.tokens());
  }

  private void optimize(TrainingBatch step, StepMetrics collected) {
    forgetRows();
    LearningRate configured = settings.learningRate();
    OptionalDouble peak = step.tuning().learningRate();
    LearningRate course = peak.isPresent() ? configured.withPeak(peak.getAsDouble()) : configured;
    double rate = course.at(step.step() - 1);
    collected.update(core.update(rate, settings.optimizer()), rate);
  }

  @Override
  public Optional<StepReport> advance() {
    TrainingBatch current =
        batch.orElseThrow(() -> new IllegalStateException("no step is under way"));
    Runnable piece = pieces.poll();
    if (piece != null) {
      piece.run();
    }
    if (!pieces.isEmpty()) {
      return Optional.empty();
    }
    StepMetrics collected = metrics.orElseThrow();
    version = version.next();
    Map<String, Double> numbers = new LinkedHashMap<>(collected.numbers());
    batch = Optional.empty();
    metrics = Optional.empty();
    return Optional.of(new StepReport(current.step(), version, collected.skipped(), numbers));
  }

  @Override
  public WeightUpdate publish() {
    WeightStore.Published published =
        store.publish("v%06d-t%d".formatted(version.number(), version.term()), core.current());
    return new WeightUpdate(version, published.name(), published.sha256());
  }

  @Override
  public void save(Path directory) {
    try {
      if (core.adapters().isPresent()) {
        LoraFiles.write(directory, core.adapters().get(), base.orElseThrow());
      } else {
        saver.save(directory, core.weights());
      }
      core.optimizer().save(directory.resolve(OPTIMIZER_FILE));
    } catch (IOException e) {
      throw new UncheckedIOException(
          directory + ": cannot write the checkpoint: " + e.getMessage(), e);
    }
  }

  @Override
  public void close() {
    reference.ifPresent(FrozenNetwork::close);
    core.close();
    manager.close();
  }
}
