package krites.learner;

import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.LongFunction;
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
import krites.grpo.port.MemberLost;
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
import krites.model.safetensors.OutgoingTensor;
import krites.model.torchscript.TorchRuntime;
import krites.model.weights.WeightStore;

/**
 * GRPO on the network: the reference pass, the policy loss micro-batch by micro-batch, clipping and
 * AdamW.
 *
 * <p>A step is a queue of short pieces: for each micro-batch the log-probabilities of the frozen
 * reference (and of the policy, when the batch is used for several updates), then for each update
 * its micro-batches and the optimizer.
 *
 * <p>As the leading member of a {@link Team} it does its share of that, and passes on to the others
 * what it is told; they are {@link DjlTrainerMember}s. What it publishes and saves is the same as
 * without them.
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
  private final Optional<Team> team;
  private Optional<LaidOut> laidOut = Optional.empty();
  private final Deque<Piece> pieces = new ArrayDeque<>();
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

  /** A piece of a step. */
  private sealed interface Piece {}

  /** Work that is done when it was run. */
  private record Work(Runnable run) implements Piece {}

  /** The end of an optimizer step, which other members may not be ready for. */
  private record Update(TrainingBatch step, boolean last) implements Piece {}

  /** Loads weights; call it on the thread that will drive the trainer. */
  public DjlPolicyTrainer(
      Start start,
      TrainerSettings settings,
      ImageStore images,
      ImagePipeline pipeline,
      WeightStore store,
      ModelSaver saver) {
    this(start, settings, images, pipeline, store, saver, Optional.empty());
  }

  /**
   * As above.
   *
   * @param team whose leading member this is; closed with it. Empty for a learner alone
   */
  public DjlPolicyTrainer(
      Start start,
      TrainerSettings settings,
      ImageStore images,
      ImagePipeline pipeline,
      WeightStore store,
      ModelSaver saver,
      Optional<Team> team) {
    TorchRuntime.prepareThread(settings.threads(), true);
    this.settings = settings;
    this.images = images;
    this.pipeline = pipeline;
    this.store = store;
    this.saver = saver;
    this.team = team;
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
            team.map(Team::exchange),
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
    team.filter(Team::leads).ifPresent(members -> members.train(next));
    batch = Optional.of(next);
    StepMetrics collected = new StepMetrics();
    metrics = Optional.of(collected);
    List<List<Share>> updates = cut(next);
    Objective objective = settings.objective().with(next.tuning());
    Optional<FrozenNetwork> frozen = reference(objective);
    boolean needsOld = updates.size() > 1 && objective.loss().proximal() == ProximalRule.RECOMPUTED;
    if (needsOld) {
      // No update may come before them.
      for (List<Share> update : updates) {
        update.forEach(share -> addFixedLogProbs(share.micro(), frozen, true, collected));
      }
    }
    for (int u = 0; u < updates.size(); u++) {
      for (Share share : updates.get(u)) {
        if (!needsOld && frozen.isPresent()) {
          addFixedLogProbs(share.micro(), frozen, false, collected); // they share the rows
        }
        add(
            "policy",
            () -> gradient(share.micro(), share.weights(), objective, updates.size(), collected),
            collected);
      }
      pieces.add(new Update(next, u == updates.size() - 1));
    }
  }

  private void add(String phase, Runnable work, StepMetrics collected) {
    pieces.add(new Work(() -> collected.time(phase, work)));
  }

  private void addFixedLogProbs(
      MicroBatch micro, Optional<FrozenNetwork> frozen, boolean needsOld, StepMetrics collected) {
    add("reference", () -> fixedLogProbs(micro, frozen, needsOld), collected);
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

  /** A micro-batch with the weight of each of its tokens in the loss of the optimizer step. */
  private record Share(MicroBatch micro, float[] weights) {}

  /** What this trainer does of each optimizer step. */
  private List<List<Share>> cut(TrainingBatch next) {
    List<TrainingGroup> groups = next.groups();
    int updates = Math.min(settings.updatesPerBatch(), groups.size());
    List<List<Share>> cut = new ArrayList<>();
    for (int u = 0; u < updates; u++) {
      cut.add(
          shares(
              groups.subList(u * groups.size() / updates, (u + 1) * groups.size() / updates),
              next.policy()));
    }
    return cut;
  }

  private List<Share> shares(List<TrainingGroup> groups, PolicyVersion policy) {
    List<ResponseTree> trees = groups.stream().map(group -> tree(group.group())).toList();
    List<StepShare.Size> sizes = new ArrayList<>();
    for (int i = 0; i < groups.size(); i++) {
      Group group = groups.get(i).group();
      sizes.add(
          new StepShare.Size(
              group.encoded().ids().length() + trees.get(i).nodes(),
              group.responses().stream().map(response -> response.ids().length()).toList()));
    }
    int rank = team.map(members -> members.exchange().rank()).orElse(0);
    int members = team.map(all -> all.exchange().members()).orElse(1);
    List<Share> shares = new ArrayList<>();
    for (StepShare.Lot lot : StepShare.of(sizes, settings, rank, members)) {
      List<TrainingGroup> own = lot.groups().stream().map(groups::get).toList();
      List<PackedRows.Sequence> sequences =
          lot.groups().stream().map(i -> sequence(groups.get(i).group(), trees.get(i))).toList();
      shares.add(new Share(MicroBatch.of(own, sequences, policy), lot.weights()));
    }
    return shares;
  }

  private static ResponseTree tree(Group group) {
    return new ResponseTree(
        group.responses().stream().map(response -> response.ids().toArray()).toList());
  }

  private PackedRows.Sequence sequence(Group group, ResponseTree responses) {
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
    return new PackedRows.Sequence(encoded.ids().toArray(), processed, responses);
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

  private double rate(TrainingBatch step) {
    LearningRate configured = settings.learningRate();
    OptionalDouble peak = step.tuning().learningRate();
    LearningRate course = peak.isPresent() ? configured.withPeak(peak.getAsDouble()) : configured;
    return course.at(step.step() - 1);
  }

  /** The end of an optimizer step; whether all members were ready for it. */
  private boolean update(Update piece, StepMetrics collected) {
    forgetRows();
    double rate = rate(piece.step());
    if (team.isEmpty()) {
      collected.time(
          "optimizer", () -> collected.update(core.update(rate, settings.optimizer()), rate));
      return true;
    }
    Team members = team.get();
    long start = System.nanoTime();
    Optional<boolean[][]> present = members.ready(core.present());
    collected.took("member_wait", System.nanoTime() - start);
    if (present.isEmpty()) {
      return false;
    }
    updateTogether(present.get(), piece, rate, collected);
    return true;
  }

  private void updateTogether(
      boolean[][] present, Update piece, double rate, StepMetrics collected) {
    collected.time(
        "optimizer",
        () -> collected.update(core.update(present, rate, settings.optimizer()), rate));
    if (piece.last()) {
      Team members = team.orElseThrow();
      if (members.leads()) {
        for (int member = 1; member < members.exchange().members(); member++) {
          collected.add(members.numbers(member, StepMetrics.TOTALS));
        }
      } else {
        members.give(collected.totals());
      }
    }
  }

  @Override
  public Optional<StepReport> advance() {
    TrainingBatch current =
        batch.orElseThrow(() -> new IllegalStateException("no step is under way"));
    StepMetrics collected = metrics.orElseThrow();
    switch (pieces.peek()) {
      case Work(Runnable work) -> {
        pieces.remove();
        work.run();
      }
      case Update update -> {
        if (update(update, collected)) {
          pieces.remove();
        }
      }
      case null -> {}
    }
    if (!pieces.isEmpty()) {
      return Optional.empty();
    }
    finish();
    return Optional.of(
        new StepReport(
            current.step(),
            version,
            collected.skipped(),
            new LinkedHashMap<>(collected.numbers())));
  }

  private void finish() {
    version = version.next();
    batch = Optional.empty();
    metrics = Optional.empty();
  }

  @Override
  public WeightUpdate publish() {
    if (!core.mastersApart()) {
      return publish(core.current());
    }
    try (Arena arena = Arena.ofShared()) {
      return publish(apart(arena::allocate));
    }
  }

  private WeightUpdate publish(SavedWeights weights) {
    WeightStore.Published published =
        store.publish("v%06d-t%d".formatted(version.number(), version.term()), weights);
    return new WeightUpdate(version, published.name(), published.sha256());
  }

  @Override
  public void save(Path directory) {
    team.ifPresent(members -> members.ask(Team.Word.SAVE));
    try (Arena arena = Arena.ofShared()) {
      LongFunction<MemorySegment> space = bytes -> scratch(directory, bytes, arena);
      if (core.adapters().isPresent()) {
        LoraFiles.write(directory, core.adapters().get(), base.orElseThrow());
      } else if (core.mastersApart()) {
        saver.save(directory, new ShardedWeights(core, () -> gatheredMasters(space)));
      } else {
        saver.save(directory, core.weights());
      }
      Path optimizer = directory.resolve(OPTIMIZER_FILE);
      if (team.isEmpty()) {
        core.optimizer().save(optimizer);
      } else {
        saveGathered(optimizer, space);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(
          directory + ": cannot write the checkpoint: " + e.getMessage(), e);
    }
  }

  // --- what the members own
  // ----------------------------------------------------------------------------------------------

  /** Weights whose masters are asked for when a writer wants them. */
  private SavedWeights apart(LongFunction<MemorySegment> space) {
    return new ShardedWeights(
        core,
        () -> {
          team.orElseThrow().ask(Team.Word.MASTERS);
          return gatheredMasters(space);
        });
  }

  private List<OutgoingTensor> gatheredMasters(LongFunction<MemorySegment> space) {
    List<ShardGathering.Target> targets = new ArrayList<>();
    for (int i = 0; i < core.parts().size(); i++) {
      OptimizerState.Part part = core.parts().get(i);
      targets.add(ShardGathering.master(part.name(), part.shape().getShape(), core.shards(), i));
    }
    return ShardGathering.gather(targets, core.masters(), team.orElseThrow().exchange(), space);
  }

  private void saveGathered(Path file, LongFunction<MemorySegment> space) throws IOException {
    OptimizerKind kind = settings.choice().optimizer().kind();
    List<OutgoingTensor> gathered =
        ShardGathering.gather(
            ShardGathering.state(core.parts(), core.shards(), kind),
            ShardGathering.own(core.optimizer(), core.shards(), 0),
            team.orElseThrow().exchange(),
            space);
    OptimizerState.write(file, gathered, kind);
  }

  /**
   * Memory that the system may write to the disk that the checkpoint goes to; its file is gone as
   * soon as it is mapped.
   */
  private static MemorySegment scratch(Path directory, long bytes, Arena arena) {
    Path file = directory.resolve("gathered.tmp");
    try {
      try (FileChannel channel =
          FileChannel.open(
              file,
              StandardOpenOption.CREATE_NEW,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE)) {
        return channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes, arena);
      } finally {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be made: " + e.getMessage(), e);
    }
  }

  // --- as a member that does not lead
  // ------------------------------------------------------------------------------------

  /** One piece of this member's work, or a moment of waiting for the leading member's word. */
  void follow(Following state) {
    Team members = team.orElseThrow();
    boolean computing = pieces.peek() instanceof Work;
    if (computing && pieces.remove() instanceof Work(Runnable work)) {
      work.run();
    } else if (state.update && !state.done) {
      forgetRows();
      members.done(core.present());
      state.done = true;
    }
    Optional<Team.Word> word = members.word(!computing);
    word.ifPresent(said -> obey(said, state));
  }

  /** Where a member stands between two words of the leading one. */
  static final class Following {
    private boolean update; // it wants to know when this share is done
    private boolean done; // it was told
  }

  private void obey(Team.Word word, Following state) {
    Team members = team.orElseThrow();
    switch (word) {
      case TRAIN -> begin(members.batch());
      case UPDATE -> state.update = true;
      case GO -> {
        boolean[][] present = members.presence(core.parts().size());
        if (!state.done || !(pieces.poll() instanceof Update piece)) {
          throw new MemberLost("the leading member says GO where nothing is to be updated");
        }
        state.update = false;
        state.done = false;
        updateTogether(present, piece, rate(piece.step()), metrics.orElseThrow());
        if (piece.last()) {
          finish();
        }
      }
      case SAVE -> {
        giveMasters(members);
        ShardGathering.give(
            ShardGathering.own(core.optimizer(), core.shards(), members.exchange().rank()),
            members.exchange());
      }
      case MASTERS -> giveMasters(members);
    }
  }

  private void giveMasters(Team members) {
    if (core.mastersApart()) {
      ShardGathering.give(core.masters(), members.exchange());
    }
  }

  @Override
  public void close() {
    team.ifPresent(members -> members.exchange().close());
    reference.ifPresent(FrozenNetwork::close);
    core.close();
    manager.close();
  }
}
