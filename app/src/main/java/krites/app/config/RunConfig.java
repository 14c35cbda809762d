package krites.app.config;

import static krites.app.config.InvalidSetting.above;
import static krites.app.config.InvalidSetting.atLeast;
import static krites.app.config.InvalidSetting.deviceName;
import static krites.app.config.InvalidSetting.fraction;
import static krites.app.config.InvalidSetting.fractionBelowOne;
import static krites.app.config.InvalidSetting.require;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import krites.data.BadRows;
import krites.data.PairOrder;
import krites.data.format.DatasetFormat;
import krites.grpo.flow.WeightUpdateMode;
import krites.grpo.objective.KlEstimate;
import krites.learner.OptimizerKind;
import krites.model.lora.LoraSettings;
import krites.model.lora.LoraTarget;
import krites.model.qwen25vl.Precision;

/**
 * Everything a run can be told, validated: one record per section of {@code krites.conf}, where
 * each key is explained.
 *
 * <p>Constructors throw {@link InvalidSetting} for values out of range and for combinations that
 * cannot work.
 */
public record RunConfig(
    Run run,
    Model model,
    Data data,
    World world,
    Rollout rollout,
    RewardConfig reward,
    Algorithm algorithm,
    Learner learner,
    Engine engine,
    Async async,
    Eval eval,
    Checkpoint checkpoint,
    Journal journal,
    Log log,
    Recording recording,
    SimulateConfig simulate,
    SftConfig sft,
    RejectConfig reject) {

  /** The value of {@code data.train} and its siblings that stands for the built-in generator. */
  public static final String BUILT_IN_WORLD = "world";

  /** The value of {@code model.path} that stands for the base that ships. */
  public static final String BUILT_IN_MODEL = "builtin";

  public RunConfig {
    require(
        rollout.groupsPerStep() % learner.updatesPerBatch() == 0,
        "learner.updates-per-batch",
        "a divisor of rollout.groups-per-step = " + rollout.groupsPerStep(),
        learner.updatesPerBatch());
    require(
        learner.warmupSteps() <= run.steps(),
        "learner.warmup-steps",
        "at most run.steps = " + run.steps(),
        learner.warmupSteps());
    require(
        eval.policyItems() == 0 || !data.evalPolicy().isEmpty(),
        "eval.policy-items",
        "0 because data.eval-policy is empty",
        eval.policyItems());
    // A run must not be taken for dead while it still waits for a reward.
    require(
        (long) reward.attempts() * reward.deadlineSeconds() < run.stallSeconds(),
        "reward.deadline-seconds",
        "reward.attempts = "
            + reward.attempts()
            + " times this below run.stall-seconds = "
            + run.stallSeconds(),
        reward.deadlineSeconds());
    require(
        reward.breakerFailures() == 0 || reward.breakerSeconds() < run.stallSeconds(),
        "reward.breaker-seconds",
        "less than run.stall-seconds = " + run.stallSeconds(),
        reward.breakerSeconds());
    reward.requireTimeFor(rollout.groupSize());
    require(
        rollout.partialTokens() == 0 || async.weightUpdate() != WeightUpdateMode.ABORT,
        "rollout.partial-tokens",
        "0 because async.weight-update = abort begins cut responses anew",
        rollout.partialTokens());
    require(
        !world.shuffleLabels() || data.train().equals(BUILT_IN_WORLD),
        "world.shuffle-labels",
        "false because data.train is a file",
        true);
  }

  /** The same run with another model. */
  public RunConfig withModel(Model other) {
    return with(run, other);
  }

  /** The same run with another seed. */
  public RunConfig withSeed(long seed) {
    return with(run.withSeed(seed), model);
  }

  /**
   * Evaluators of a run: none without held-out prompts; where the number is left open, one with the
   * built-in model, whose weights are small, and none with another, whose weights may not fit
   * again.
   */
  public int evaluators() {
    if (eval.criticItems() + eval.policyItems() == 0) {
      return 0;
    }
    return eval.workers().orElse(model.path().equals(BUILT_IN_MODEL) ? 1 : 0);
  }

  /**
   * Where evaluator 0, 1, 2, ... computes: where it is told to, or on the devices of rollout
   * workers, beginning with the one after theirs.
   */
  public String evalDevice(int evaluator) {
    return eval.devices().isEmpty()
        ? rollout.devices().get((rollout.workers() + evaluator) % rollout.devices().size())
        : eval.devices().get(evaluator % eval.devices().size());
  }

  private RunConfig with(Run otherRun, Model otherModel) {
    return new RunConfig(
        otherRun,
        otherModel,
        data,
        world,
        rollout,
        reward,
        algorithm,
        learner,
        engine,
        async,
        eval,
        checkpoint,
        journal,
        log,
        recording,
        simulate,
        sft,
        reject);
  }

  /** Values of {@code run.on-stall}. */
  public enum OnStallKind {
    RESTART,
    STOP
  }

  /** Section {@code run}. An empty name or folder means: choose one. */
  public record Run(
      String name,
      String dir,
      long seed,
      int steps,
      int suspectSeconds,
      int stallSeconds,
      OnStallKind onStall,
      int recoveries) {
    public Run {
      atLeast("run.suspect-seconds", 1, suspectSeconds);
      atLeast("run.recoveries", 0, recoveries);
      require(name.indexOf('/') < 0, "run.name", "a name without /", name);
      atLeast("run.steps", 1, steps);
      atLeast("run.stall-seconds", 1, stallSeconds);
    }

    Run withSeed(long other) {
      return new Run(name, dir, other, steps, suspectSeconds, stallSeconds, onStall, recoveries);
    }
  }

  /** Section {@code model}. */
  public record Model(String path, boolean freezeVision, int minPixels, int maxPixels) {
    public Model {
      atLeast("model.min-pixels", 0, minPixels);
      atLeast("model.max-pixels", 0, maxPixels);
      require(
          maxPixels == 0 || minPixels <= maxPixels,
          "model.min-pixels",
          "at most model.max-pixels = " + maxPixels,
          minPixels);
      require(!path.isBlank(), "model.path", "a model directory or " + BUILT_IN_MODEL, "nothing");
    }
  }

  /** Values of {@code data.ties}. */
  public enum TiesKind {
    DROP,
    REFUSE,
    TRAIN,
    MAP
  }

  /** Values of {@code data.tie-map}. */
  public enum TieMapKind {
    FIRST,
    SECOND,
    RANDOM
  }

  /** Section {@code data}. */
  public record Data(
      String train,
      String trainPolicy,
      double policyShare,
      String evalCritic,
      String evalPolicy,
      String images,
      String instruction,
      String format,
      BadRows onBadRow,
      TiesKind ties,
      TieMapKind tieMap,
      PairOrder order,
      boolean bothOrders,
      long orderSeed) {
    /** The value of {@code data.format} that leaves it to the rows. */
    public static final String ANY_FORMAT = "auto";

    private static final double LEAST_SHARE = 1e-6; // shares are counted in millionths

    public Data {
      require(!train.isBlank(), "data.train", "a data file or " + BUILT_IN_WORLD, "nothing");
      require(
          !evalCritic.isBlank(), "data.eval-critic", "a data file or " + BUILT_IN_WORLD, "nothing");
      require(
          policyShare == 0
              || policyShare == 1
              || policyShare >= LEAST_SHARE && policyShare <= 1 - LEAST_SHARE,
          "data.policy-share",
          "0, 1, or a number between them, at least " + LEAST_SHARE + " from both",
          policyShare);
      require(!instruction.isBlank(), "data.instruction", "a sentence", "nothing");
      require(
          format.equals(ANY_FORMAT) || DatasetFormat.named(format).isPresent(),
          "data.format",
          ANY_FORMAT + ", " + DatasetFormat.names(),
          format);
    }

    /** Whether prompts of {@code train} are issued. */
    public boolean trainsCritic() {
      return trainPolicy.isEmpty() || policyShare < 1;
    }

    /** Whether prompts of {@code train-policy} are issued. */
    public boolean trainsPolicy() {
      return !trainPolicy.isEmpty() && policyShare > 0;
    }

    /** Whether prompts of the built-in world are issued in training. */
    public boolean trainsWorld() {
      return trainsCritic() && train.equals(BUILT_IN_WORLD)
          || trainsPolicy() && trainPolicy.equals(BUILT_IN_WORLD);
    }

    /** The format by name; empty to tell it from the rows. */
    public Optional<DatasetFormat> namedFormat() {
      return DatasetFormat.named(format);
    }
  }

  /** Section {@code world}: the knobs of the built-in generator, which checks the rest of them. */
  public record World(
      long seed,
      int trainItems,
      int grid,
      int objectsMin,
      int objectsMax,
      int jitterPixels,
      int outlinePixels,
      int colourJitter,
      int pixelNoise,
      int gradient,
      List<String> kinds,
      double unseenForms,
      double temptingWrong,
      double labelNoise,
      boolean shuffleLabels,
      double wordWeight,
      double sentenceWeight,
      double captionWeight) {
    public World {
      kinds = List.copyOf(kinds);
      atLeast("world.train-items", 1, trainItems);
      require(!kinds.isEmpty(), "world.kinds", "at least one kind of question", "none");
      fraction("world.unseen-forms", unseenForms);
      fraction("world.tempting-wrong", temptingWrong);
      fraction("world.label-noise", labelNoise);
    }
  }

  /** How processors are shared between engines. */
  public enum PinKind {
    AUTO,
    OFF
  }

  /** What rollout engines and learner have in common. */
  public record Engine(PinKind pin) {}

  /** Section {@code rollout}. */
  public record Rollout(
      int workers,
      int restarts,
      int slots,
      int chunkTokens,
      int prefillTokens,
      int kvCacheMib,
      int threads,
      int groupSize,
      int groupsPerStep,
      double temperature,
      double topP,
      int topK,
      double repetitionPenalty,
      int maxNewTokens,
      List<String> stopStrings,
      int partialTokens,
      Precision precision,
      List<String> devices) {
    public Rollout {
      devices = List.copyOf(devices);
      stopStrings = List.copyOf(stopStrings);
      require(
          stopStrings.stream().noneMatch(String::isEmpty),
          "rollout.stop-strings",
          "texts that are not empty",
          stopStrings);
      require(!devices.isEmpty(), "rollout.devices", "at least one device", devices);
      devices.forEach(name -> deviceName("rollout.devices", name));
      atLeast("rollout.workers", 1, workers);
      atLeast("rollout.restarts", 0, restarts);
      atLeast("rollout.slots", 1, slots);
      atLeast("rollout.chunk-tokens", 1, chunkTokens);
      atLeast("rollout.prefill-tokens", 1, prefillTokens);
      atLeast("rollout.kv-cache-mib", 0, kvCacheMib);
      atLeast("rollout.threads", 1, threads);
      atLeast("rollout.group-size", 2, groupSize);
      atLeast("rollout.groups-per-step", 1, groupsPerStep);
      above("rollout.temperature", 0, temperature);
      require(topP > 0 && topP <= 1, "rollout.top-p", "a number above 0 and at most 1", topP);
      atLeast("rollout.top-k", 0, topK);
      above("rollout.repetition-penalty", 0, repetitionPenalty);
      atLeast("rollout.max-new-tokens", 1, maxNewTokens);
      atLeast("rollout.partial-tokens", 0, partialTokens);
    }
  }

  /** Values of {@code algorithm.advantage}. */
  public enum AdvantageKind {
    GRPO,
    CENTRED,
    LEAVE_ONE_OUT,
    BEST_ONLY
  }

  /** Values of {@code algorithm.objective}. */
  public enum ObjectiveKind {
    GRPO,
    GSPO,
    GSPO_TOKEN,
    CISPO,
    SAPO
  }

  /** Values of {@code algorithm.proximal}. */
  public enum ProximalKind {
    RECOMPUTED,
    APPROXIMATED,
    BEHAVIOUR
  }

  /** Values of {@code algorithm.correction}. */
  public enum CorrectionKind {
    NONE,
    TRUNCATED,
    MASKED,
    ICEPOP
  }

  /** Values of {@code algorithm.correction-level}. */
  public enum CorrectionLevel {
    TOKEN,
    SEQUENCE,
    GEOMETRIC
  }

  /** Values of {@code algorithm.correction-tokens}. */
  public enum CorrectedKind {
    STALE,
    ALL
  }

  /** Values of {@code algorithm.aggregation}. */
  public enum AggregationKind {
    MICRO_BATCH_TOKEN_MEAN,
    TOKEN_MEAN,
    SEQUENCE_MEAN,
    CONSTANT_LENGTH
  }

  /** Section {@code algorithm}. */
  public record Algorithm(
      AdvantageKind advantage,
      ObjectiveKind objective,
      double clipLow,
      double clipHigh,
      double dualClip,
      double gatePositive,
      double gateNegative,
      double klCoefficient,
      KlEstimate klEstimator,
      boolean dropFlatGroups,
      ProximalKind proximal,
      CorrectionKind correction,
      CorrectionLevel correctionLevel,
      CorrectedKind correctionTokens,
      double importanceCap,
      double importanceLow,
      double importanceHigh,
      AggregationKind aggregation) {
    public Algorithm {
      fractionBelowOne("algorithm.clip-low", clipLow);
      atLeast("algorithm.clip-high", 0.0, clipHigh);
      above("algorithm.dual-clip", 1, dualClip);
      above("algorithm.gate-positive", 0, gatePositive);
      above("algorithm.gate-negative", 0, gateNegative);
      atLeast("algorithm.kl-coefficient", 0.0, klCoefficient);
      atLeast("algorithm.importance-cap", 1.0, importanceCap);
      fraction("algorithm.importance-low", importanceLow);
      atLeast("algorithm.importance-high", 1.0, importanceHigh);
      require(
          proximal != ProximalKind.BEHAVIOUR || correction == CorrectionKind.NONE,
          "algorithm.correction",
          "none because algorithm.proximal = behaviour makes every weight 1",
          lower(correction));
      List<CorrectionLevel> levels = levels(correction);
      require(
          levels.contains(correctionLevel),
          "algorithm.correction-level",
          String.join(" or ", levels.stream().map(RunConfig::lower).toList())
              + " because algorithm.correction = "
              + lower(correction),
          lower(correctionLevel));
    }

    private static List<CorrectionLevel> levels(CorrectionKind correction) {
      return switch (correction) {
        case NONE, ICEPOP -> List.of(CorrectionLevel.TOKEN);
        case TRUNCATED -> List.of(CorrectionLevel.TOKEN, CorrectionLevel.SEQUENCE);
        case MASKED -> List.of(CorrectionLevel.SEQUENCE, CorrectionLevel.GEOMETRIC);
      };
    }
  }

  /** A constant as a configuration file writes it. */
  private static String lower(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Values of {@code learner.schedule}. */
  public enum ScheduleKind {
    CONSTANT,
    COSINE
  }

  /** Section {@code learner}. */
  public record Learner(
      double lr,
      ScheduleKind schedule,
      int warmupSteps,
      double beta1,
      double beta2,
      double eps,
      double weightDecay,
      double maxGradNorm,
      int updatesPerBatch,
      int microBatchTokens,
      int threads,
      Precision precision,
      boolean checkpointActivations,
      String device,
      int members,
      List<String> memberDevices,
      OptimizerKind optimizer,
      boolean offloadOptimizer,
      Lora lora) {
    public Learner {
      memberDevices = List.copyOf(memberDevices);
      atLeast("learner.members", 1, members);
      memberDevices.forEach(name -> deviceName("learner.member-devices", name));
      deviceName("learner.device", device);
      atLeast("learner.lr", 0.0, lr);
      atLeast("learner.warmup-steps", 0, warmupSteps);
      fractionBelowOne("learner.betas", beta1);
      fractionBelowOne("learner.betas", beta2);
      above("learner.eps", 0, eps);
      atLeast("learner.weight-decay", 0.0, weightDecay);
      above("learner.max-grad-norm", 0, maxGradNorm);
      atLeast("learner.updates-per-batch", 1, updatesPerBatch);
      atLeast("learner.micro-batch-tokens", 1, microBatchTokens);
      atLeast("learner.threads", 1, threads);
    }

    /** Where each member computes when all are in one process; the first is the leading one. */
    public List<String> devicesOfMembers() {
      List<String> turns = memberDevices.isEmpty() ? List.of(device) : memberDevices;
      return IntStream.range(0, members).mapToObj(i -> turns.get(i % turns.size())).toList();
    }
  }

  /** Section {@code learner.lora}; rank 0 trains the weights themselves. */
  public record Lora(int rank, double alpha, List<String> targetModules) {
    public Lora {
      targetModules = List.copyOf(targetModules);
      atLeast("learner.lora.rank", 0, rank);
      above("learner.lora.alpha", 0, alpha);
      for (String module : targetModules) {
        require(
            LoraTarget.named(module).isPresent(),
            "learner.lora.target-modules",
            "some of " + LoraTarget.allowed(),
            module);
      }
      require(
          rank == 0 || !targetModules.isEmpty(),
          "learner.lora.target-modules",
          "at least one of " + LoraTarget.allowed() + " because learner.lora.rank = " + rank,
          "none");
    }

    /** The adapters of a run with this seed, if there are any. */
    public Optional<LoraSettings> settings(long seed) {
      return rank == 0
          ? Optional.empty()
          : Optional.of(
              new LoraSettings(
                  rank,
                  alpha,
                  targetModules.stream()
                      .map(module -> LoraTarget.named(module).orElseThrow())
                      .toList(),
                  seed));
    }
  }

  /** Section {@code async}. */
  public record Async(
      int maxStaleness,
      WeightUpdateMode weightUpdate,
      int overIssue,
      double hedgeFactor,
      int retryBudget,
      int poisonLimit) {
    public Async {
      atLeast("async.max-staleness", 0, maxStaleness);
      atLeast("async.over-issue", 0, overIssue);
      require(
          hedgeFactor == 0 || hedgeFactor >= 1,
          "async.hedge-factor",
          "0, or a number of at least 1",
          hedgeFactor);
      atLeast("async.retry-budget", 1, retryBudget);
      atLeast("async.poison-limit", 1, poisonLimit);
    }
  }

  /**
   * Section {@code eval}.
   *
   * @param workers evaluators; empty leaves the number to the model, see {@link #evaluators()}
   * @param devices of the evaluators; empty for those of the rollout workers
   */
  public record Eval(
      int everySteps,
      int criticItems,
      int policyItems,
      int maxNewTokens,
      OptionalInt workers,
      List<String> devices) {
    public Eval {
      devices = List.copyOf(devices);
      atLeast("eval.every-steps", 0, everySteps);
      atLeast("eval.critic-items", 0, criticItems);
      atLeast("eval.policy-items", 0, policyItems);
      atLeast("eval.max-new-tokens", 1, maxNewTokens);
      atLeast("eval.workers", 0, workers.orElse(0));
      devices.forEach(name -> deviceName("eval.devices", name));
    }
  }

  /** Section {@code checkpoint}. */
  public record Checkpoint(int everySteps, int keep) {
    public Checkpoint {
      atLeast("checkpoint.every-steps", 0, everySteps);
      atLeast("checkpoint.keep", 0, keep);
    }
  }

  /** Values of {@code journal.fsync}; what each promises stands in docs/journal.md. */
  public enum FsyncKind {
    ALWAYS,
    BATCH,
    CHECKPOINT,
    NEVER
  }

  /** Section {@code journal}. */
  public record Journal(FsyncKind fsync, int fsyncMillis) {
    public Journal {
      atLeast("journal.fsync-millis", 1, fsyncMillis);
    }
  }

  /** Section {@code log}. */
  public record Log(int samplesPerStep) {
    public Log {
      atLeast("log.samples-per-step", 0, samplesPerStep);
    }
  }

  /** Section {@code record}. */
  public record Recording(boolean batches) {}
}
