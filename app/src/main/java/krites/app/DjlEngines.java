package krites.app;

import ai.djl.Device;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import krites.actors.wire.BatchCodec;
import krites.app.config.RunConfig;
import krites.app.display.ByteProgress;
import krites.app.display.Terminal;
import krites.app.plan.MemoryPlan;
import krites.grpo.PolicyVersion;
import krites.grpo.TrainingBatch;
import krites.grpo.WeightUpdate;
import krites.grpo.flow.Seeds;
import krites.grpo.objective.LearningRate;
import krites.grpo.port.ImageStore;
import krites.grpo.port.MemberExchange;
import krites.grpo.port.PolicyTrainer;
import krites.grpo.port.RolloutEngine;
import krites.grpo.port.TrainerMember;
import krites.grpo.port.WeightVerifier;
import krites.learner.AdamWSettings;
import krites.learner.DjlPolicyTrainer;
import krites.learner.DjlTrainerMember;
import krites.learner.LocalMembers;
import krites.learner.LocalTeam;
import krites.learner.Objective;
import krites.learner.OptimizerSettings;
import krites.learner.Team;
import krites.learner.TokenWeights;
import krites.learner.TrainerSettings;
import krites.learner.TrainingCore;
import krites.model.device.CorePlan;
import krites.model.device.CpuAffinity;
import krites.model.device.Devices;
import krites.model.image.ImagePipeline;
import krites.model.image.ImageProcessor;
import krites.model.lora.LoraFiles;
import krites.model.qwen25vl.Kernels;
import krites.model.qwen25vl.Precision;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.safetensors.LoadProgress;
import krites.model.tokenizer.ChatTemplate;
import krites.model.tokenizer.Tokenizer;
import krites.model.weights.WeightStore;
import krites.rollout.DjlRolloutEngine;
import krites.rollout.PromptEncoder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Rollout engines and trainer on PyTorch, around one model directory and one folder of published
 * weights.
 */
final class DjlEngines implements Engines {
  private static final Logger LOG = LoggerFactory.getLogger(DjlEngines.class);
  private static final String LEARNER = "learner";
  private static final int EXCHANGE_SECONDS = 60; // for bytes that only pass through memory

  /** Where published versions lie, below the run's folder. */
  static final String WEIGHTS = "weights";

  private final RunConfig config;
  private final ModelFolder model;
  private final ImageStore images;
  private final ImagePipeline pipeline;
  private final Tokenizer tokenizer;
  private final Path weightFolder;
  private final List<Device> rolloutDevices;
  private final List<Device> learnerDevices; // of the members, in turns
  private final CorePlan cores;
  private final Set<String> told = ConcurrentHashMap.newKeySet(); // keys of the configuration
  private final boolean alone; // whether nobody else's engines use the folder of weights
  private volatile Optional<WeightStore> opened = Optional.empty();

  private DjlEngines(
      RunConfig config, ModelFolder model, ImageStore images, Path weightFolder, boolean alone) {
    this.config = config;
    this.model = model;
    this.rolloutDevices = config.rollout().devices().stream().map(Devices::resolve).toList();
    this.learnerDevices =
        config.learner().devicesOfMembers().stream().map(Devices::resolve).toList();
    this.alone = alone;
    if (alone) {
      requireMemory();
    }
    this.cores = cores();
    this.images = images;
    this.pipeline = pipeline(config.model(), model);
    this.tokenizer = Tokenizer.load(model.path());
    this.weightFolder = weightFolder;
  }

  /**
   * What lasts on each device, in the types that are configured; the work itself needs more.
   *
   * @throws krites.model.device.DeviceException if a device cannot hold it
   */
  private void requireMemory() {
    boolean reference =
        new Objective(config.rollout().temperature(), ConfiguredObjective.of(config.algorithm()))
            .usesReference();
    Map<Device, Long> bytes = new LinkedHashMap<>();
    MemoryPlan.lasting(config, Qwen25VlConfig.load(model.path()), choice(config), reference)
        .forEach((name, needed) -> bytes.merge(Devices.resolve(name), needed, Long::sum));
    bytes.forEach(
        (device, needed) ->
            Devices.requireMemory(
                device, needed, "what learner, rollout workers and evaluators keep there"));
  }

  /** Who keeps to which processors: engines on the CPU alone, the others wait for their devices. */
  private CorePlan cores() {
    if (config.engine().pin() == RunConfig.PinKind.OFF) {
      return CorePlan.NONE;
    }
    Map<String, Integer> threads = new LinkedHashMap<>();
    for (int worker = 0; worker < config.rollout().workers(); worker++) {
      if (!rolloutDevices.get(worker % rolloutDevices.size()).isGpu()) {
        threads.put(rolloutName(worker), config.rollout().threads());
      }
    }
    for (int member = 0; member < learnerDevices.size(); member++) {
      if (!learnerDevices.get(member).isGpu()) {
        threads.put(learnerName(member), config.learner().threads());
      }
    }
    Map<String, Integer> all = new LinkedHashMap<>(threads);
    for (int index = 0; index < config.evaluators(); index++) {
      if (!Devices.resolve(config.evalDevice(index)).isGpu()) {
        all.put(evaluatorName(index), config.rollout().threads());
      }
    }
    // An evaluator works now and then: where it has no processors of its own, it takes gaps.
    int atOnce = Runtime.getRuntime().availableProcessors();
    CorePlan plan = CorePlan.of(CorePlan.here(), atOnce, all);
    return plan.cores().isEmpty() ? CorePlan.of(CorePlan.here(), atOnce, threads) : plan;
  }

  private static String evaluatorName(int index) {
    return "evaluator " + index;
  }

  private static String learnerName(int member) {
    return member == 0 ? LEARNER : LEARNER + " member " + member;
  }

  private static String rolloutName(int worker) {
    return "rollout worker " + worker;
  }

  /** Before the first native call of the engine's thread, whose team of threads takes it over. */
  private void pin(String engine) {
    cores
        .of(engine)
        .ifPresentOrElse(
            mine -> {
              if (CpuAffinity.pin(mine)) {
                LOG.info("{} keeps to processors {}", engine, mine);
              }
            },
            () -> LOG.info("{} is not pinned", engine));
  }

  /** Makes them. */
  static final Engines.Factory FACTORY =
      new Engines.Factory() {
        @Override
        public Engines create(RunConfig config, ImageStore images, Path runFolder) {
          return DjlEngines.create(config, images, runFolder);
        }

        @Override
        public Engines createBesideOthers(RunConfig config, ImageStore images, Path runFolder) {
          return of(config, images, runFolder, false);
        }
      };

  /** See {@link Engines.Factory}. */
  static Engines create(RunConfig config, ImageStore images, Path runFolder) {
    return of(config, images, runFolder, true);
  }

  private static Engines of(RunConfig config, ImageStore images, Path runFolder, boolean alone) {
    return new DjlEngines(
        config, ModelFolder.of(config.model()), images, runFolder.resolve(WEIGHTS), alone);
  }

  /** The model's own image processor, with the limits of the configuration before it. */
  static ImagePipeline pipeline(RunConfig.Model settings, ModelFolder model) {
    return new ImagePipeline(
        ImageProcessor.load(model.path()),
        limit(settings.minPixels()),
        limit(settings.maxPixels()));
  }

  private static OptionalLong limit(int pixels) {
    return pixels == 0 ? OptionalLong.empty() : OptionalLong.of(pixels);
  }

  @Override
  public RolloutEngine rollout(int worker) {
    RunConfig.Rollout rollout = config.rollout();
    Device device = rolloutDevices.get(worker % rolloutDevices.size());
    pin(rolloutName(worker));
    return showing(() -> rollout(rollout, device));
  }

  @Override
  public RolloutEngine evaluator(int index) {
    Device device = Devices.resolve(config.evalDevice(index));
    pin(evaluatorName(index));
    return showing(() -> rollout(config.rollout(), device));
  }

  /** After the engine's first native call: finding it out is one. */
  private void tellIfWide(String key, Precision precision, Device device) {
    if (Kernels.fastest(device, precision) == Kernels.PACKED_WIDE && told.add(key)) {
      LOG.warn(
          "{} = {}: this processor multiplies nothing in bfloat16, so products are computed in"
              + " float32: the results are those of bfloat16, and f32 would be as fast"
              + " (docs/precision.md)",
          key,
          precision.name().toLowerCase(Locale.ROOT));
    }
  }

  private RolloutEngine rollout(RunConfig.Rollout rollout, Device device) {
    RolloutEngine engine =
        new DjlRolloutEngine(
            model.path(),
            new PolicyVersion(0, 0),
            new DjlRolloutEngine.Settings(
                rollout.slots(),
                rollout.groupSize(),
                rollout.chunkTokens(),
                rollout.prefillTokens(),
                (long) rollout.kvCacheMib() << 20,
                rollout.threads(),
                rollout.precision(),
                device),
            new PromptEncoder(tokenizer, ChatTemplate.load(model.path()), images, pipeline),
            store());
    tellIfWide("rollout.precision", rollout.precision(), device);
    return engine;
  }

  @Override
  public PolicyTrainer trainer(Optional<Path> saved, PolicyVersion version) {
    int members = config.learner().members();
    if (members == 1 || !alone) { // beside others, members are processes of their own
      return leader(saved, version, Optional.empty());
    }
    Duration patience = Duration.ofSeconds(Math.min(EXCHANGE_SECONDS, config.run().stallSeconds()));
    return LocalTeam.of(
        LocalMembers.of(members, patience),
        exchange -> leader(saved, version, Optional.of(exchange)),
        exchange -> member(saved, version, exchange, learnerDevices.get(exchange.rank())));
  }

  @Override
  public PolicyTrainer leadingTrainer(
      Optional<Path> saved, PolicyVersion version, MemberExchange members) {
    return leader(saved, version, Optional.of(members));
  }

  @Override
  public TrainerMember member(Optional<Path> saved, PolicyVersion version, MemberExchange members) {
    return member(saved, version, members, learnerDevices.getFirst());
  }

  private PolicyTrainer leader(
      Optional<Path> saved, PolicyVersion version, Optional<MemberExchange> exchange) {
    if (!alone) {
      WeightStore.clear(weightFolder); // a learner that begins: its predecessor's have no reader
    }
    pin(LEARNER);
    return showing(() -> trainer(saved, version, learnerDevices.getFirst(), exchange));
  }

  private TrainerMember member(
      Optional<Path> saved, PolicyVersion version, MemberExchange exchange, Device device) {
    pin(learnerName(exchange.rank()));
    return new DjlTrainerMember(trainer(saved, version, device, Optional.of(exchange)));
  }

  private DjlPolicyTrainer trainer(
      Optional<Path> saved,
      PolicyVersion version,
      Device device,
      Optional<MemberExchange> exchange) {
    DjlPolicyTrainer.Start start =
        new DjlPolicyTrainer.Start(
            saved.orElse(model.path()),
            model.path(),
            saved.map(folder -> folder.resolve(DjlPolicyTrainer.OPTIMIZER_FILE)),
            base(saved),
            version);
    Duration patience = Duration.ofSeconds(config.run().stallSeconds());
    DjlPolicyTrainer trainer =
        new DjlPolicyTrainer(
            start,
            settings(config, device),
            images,
            pipeline,
            store(),
            model,
            exchange.map(members -> new Team(members, BATCHES, patience)));
    tellIfWide("learner.precision", config.learner().precision(), device);
    return trainer;
  }

  /** Batches as they are on the wire between actors. */
  private static final Team.Form BATCHES =
      new Team.Form() {
        @Override
        public byte[] encode(TrainingBatch batch) {
          return BatchCodec.encode(batch);
        }

        @Override
        public TrainingBatch decode(byte[] bytes) throws IOException {
          return BatchCodec.decode(bytes);
        }
      };

  /** Makes an engine with a bar on standard error while large weights are read. */
  private static <T> T showing(Supplier<T> engine) {
    try (ByteProgress bar =
        new ByteProgress(Terminal.standardError(), "loading", System::nanoTime)) {
      return LoadProgress.during(bar, engine);
    }
  }

  /** The model as the base of adapters, which must be the one that saved adapters stand beside. */
  private Optional<LoraFiles.Base> base(Optional<Path> saved) {
    if (config.learner().lora().rank() == 0) {
      return Optional.empty();
    }
    LoraFiles.Base base =
        new LoraFiles.Base(
            model.path().toAbsolutePath().normalize().toString(), RunIdentity.model(model.path()));
    saved.ifPresent(folder -> AdapterBase.require(folder, base));
    return Optional.of(base);
  }

  private static TrainerSettings settings(RunConfig config, Device device) {
    RunConfig.Algorithm algorithm = config.algorithm();
    RunConfig.Learner learner = config.learner();
    return new TrainerSettings(
        new Objective(config.rollout().temperature(), ConfiguredObjective.of(algorithm)),
        switch (algorithm.aggregation()) {
          case MICRO_BATCH_TOKEN_MEAN -> TokenWeights.MICRO_BATCH_TOKEN_MEAN;
          case TOKEN_MEAN -> TokenWeights.TOKEN_MEAN;
          case SEQUENCE_MEAN -> TokenWeights.SEQUENCE_MEAN;
          case CONSTANT_LENGTH -> TokenWeights.CONSTANT_LENGTH;
        },
        config.rollout().maxNewTokens(),
        new AdamWSettings(
            learner.beta1(),
            learner.beta2(),
            learner.eps(),
            learner.weightDecay(),
            learner.maxGradNorm()),
        switch (learner.schedule()) {
          case CONSTANT -> new LearningRate.Constant(learner.lr(), learner.warmupSteps());
          case COSINE ->
              new LearningRate.Cosine(
                  learner.lr(), learner.warmupSteps(), config.run().steps(), 0, 0);
        },
        learner.updatesPerBatch(),
        learner.microBatchTokens(),
        choice(config),
        learner.threads(),
        device);
  }

  @Override
  public void forgetPublished() {
    WeightStore.clear(weightFolder);
  }

  @Override
  public long diskBytes() {
    return MemoryPlan.diskBytes(config, Qwen25VlConfig.load(model.path()), choice(config));
  }

  /** What the learner of a configuration trains, and how. */
  static TrainingCore.Choice choice(RunConfig config) {
    RunConfig.Learner learner = config.learner();
    return new TrainingCore.Choice(
        config.model().freezeVision(),
        learner.precision(),
        learner.checkpointActivations(),
        learner.lora().settings(Seeds.ofName(config.run().seed(), "lora")),
        new OptimizerSettings(learner.optimizer(), learner.offloadOptimizer()));
  }

  @Override
  public WeightVerifier weights() {
    return new WeightVerifier() {
      @Override
      public void verify(WeightUpdate update) {
        store().verify(update.location(), update.digest());
      }

      @Override
      public void retire(WeightUpdate update) {
        store().retire(update.location());
      }
    };
  }

  @Override
  public void arrived(WeightUpdate update) {
    store().accept(update.location(), update.digest());
  }

  /** Opened with the first engine, when the run's folder exists. */
  private synchronized WeightStore store() {
    if (opened.isEmpty()) {
      opened =
          Optional.of(
              alone
                  ? new WeightStore(weightFolder, config.rollout().precision())
                  : WeightStore.shared(weightFolder, config.rollout().precision()));
    }
    return opened.get();
  }

  @Override
  public void close() {
    tokenizer.close();
    if (opened.isPresent() && alone) {
      removeWeights(weightFolder);
    }
  }

  /** Removes the published versions of a run that has ended, and their folder. */
  static void removeWeights(Path weightFolder) {
    WeightStore.clear(weightFolder);
    try {
      Files.deleteIfExists(weightFolder);
    } catch (IOException e) {
      throw new UncheckedIOException(
          weightFolder + ": cannot remove the published weights: " + e.getMessage(), e);
    }
  }
}
