package krites.app.bench;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import krites.app.ResidentMemory;
import krites.learner.AdamWSettings;
import krites.learner.PackedRows;
import krites.learner.TrainingCore;
import krites.model.plain.PlainNetwork;
import krites.model.plain.PlainTraining;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.Precision;
import krites.model.qwen25vl.WeightLayout;
import krites.model.torchscript.TorchRuntime;

/**
 * Rounds of training steps: forward, backward, clipping, AdamW. In each round every variant is
 * opened, warmed up with one step, measured and closed, so that one variant's memory is held at a
 * time.
 *
 * <p>The work is text alone, the vision tower frozen and asleep.
 */
final class LearnerBench {
  private static final double LEARNING_RATE = 1e-6;
  private static final String WORK = "forward, backward, AdamW";

  private final BenchModel model;
  private final Options options;
  private final List<PackedRows.Sequence> sequences;
  private final Consumer<String> progress;
  private final Findings findings = new Findings();

  /**
   * What is measured.
   *
   * @param rows prompts of a step
   * @param responses behind each of them; the engine reads their prompt once, the twin each time
   * @param steps measured in a row
   * @param fullLogits whether the engine also runs with the logits of all targets at once
   */
  record Options(
      int rows,
      int responses,
      int promptTokens,
      int newTokens,
      int steps,
      List<Precision> precisions,
      boolean engine,
      boolean twin,
      boolean fullLogits,
      int threads,
      int rounds,
      Device device) {
    Options {
      precisions = List.copyOf(precisions);
    }

    int targets() {
      return rows * responses * newTokens;
    }

    /** Tokens of a step: each prompt once, each response without its last token. */
    long tokens() {
      return (long) rows * (promptTokens + (long) responses * (newTokens - 1));
    }
  }

  LearnerBench(BenchModel model, Options options, BenchPrompts prompts, Consumer<String> progress) {
    this.model = model;
    this.options = options;
    this.progress = progress;
    this.sequences = new ArrayList<>();
    for (int row = 0; row < options.rows(); row++) {
      List<int[]> texts = new ArrayList<>();
      for (int i = 0; i < options.responses(); i++) {
        int number = row * options.responses() + i;
        int length = options.promptTokens() + options.newTokens();
        texts.add(prompts.encode(prompts.prompt(number, length, false)));
      }
      sequences.add(
          new PackedRows.Sequence(
              Arrays.copyOf(texts.getFirst(), options.promptTokens()),
              List.of(),
              texts.stream()
                  .map(text -> Arrays.copyOfRange(text, options.promptTokens(), text.length))
                  .toList()));
    }
  }

  Findings run() {
    for (int round = 1; round <= options.rounds(); round++) {
      String at = "round " + round + " of " + options.rounds() + ": ";
      for (Precision precision : options.precisions()) {
        if (options.engine()) {
          progress.accept(at + EngineVariant.name(precision));
          engineRound(precision, EngineVariant.name(precision), 0);
          if (options.fullLogits()) {
            String name = "all logits " + precision.name().toLowerCase(Locale.ROOT);
            progress.accept(at + name);
            engineRound(precision, name, options.targets());
          }
        }
      }
      if (options.twin()) {
        progress.accept(at + TwinVariant.NAME);
        twinRound();
      }
    }
    compare();
    return findings;
  }

  /**
   * @param headTokens tokens whose logits exist at once; 0 for the engine's own choice
   */
  private void engineRound(Precision precision, String name, int headTokens) {
    TorchRuntime.prepareThread(options.threads(), false);
    TrainingCore.Choice choice = new TrainingCore.Choice(true, precision, false);
    float[] tokenWeights = new float[options.targets()];
    Arrays.fill(tokenWeights, 1f / tokenWeights.length);
    try (NDManager manager = NDManager.newBaseManager(options.device(), "PyTorch");
        NetworkWeights weights =
            NetworkWeights.load(model.folder(), model.config(), choice::loaded, manager);
        TrainingCore core =
            headTokens > 0
                ? new TrainingCore(model.config(), weights, choice, headTokens, manager)
                : new TrainingCore(model.config(), weights, choice, manager)) {
      PackedRows rows = PackedRows.of(sequences, model.config(), manager);
      measure(
          name,
          () -> core.supervised(rows, tokenWeights),
          () -> core.update(LEARNING_RATE, AdamWSettings.PUBLISHED));
    }
  }

  private void twinRound() {
    TorchRuntime.prepareThread(options.threads(), false);
    try (NDManager manager = NDManager.newBaseManager(options.device(), "PyTorch");
        NetworkWeights weights =
            NetworkWeights.load(model.folder(), model.config(), Precision.F32, manager);
        PlainTraining training =
            new PlainTraining(
                new PlainNetwork(model.config(), weights),
                weights,
                name -> !WeightLayout.isVision(name),
                LEARNING_RATE,
                manager)) {
      PlainTraining.Batch batch = batch();
      measure(
          TwinVariant.NAME,
          () -> training.supervised(batch),
          () -> training.update(AdamWSettings.PUBLISHED.maxNorm()));
    }
  }

  /** Each response behind its prompt in a row; the last token is predicted, not fed. */
  private PlainTraining.Batch batch() {
    int rows = options.rows() * options.responses();
    int width = options.promptTokens() + options.newTokens() - 1;
    long[] ids = new long[rows * width];
    long[] positions = new long[3 * rows * width];
    boolean[] real = new boolean[rows * width];
    long[] select = new long[options.targets()];
    long[] target = new long[options.targets()];
    float[] weight = new float[options.targets()];
    Arrays.fill(real, true);
    Arrays.fill(weight, 1f / weight.length);
    int met = 0;
    for (int row = 0; row < rows; row++) {
      PackedRows.Sequence sequence = sequences.get(row / options.responses());
      int[] response = sequence.responses().get(row % options.responses());
      for (int i = 0; i < width; i++) {
        int at = row * width + i;
        int behind = i - options.promptTokens();
        ids[at] = behind < 0 ? sequence.prompt()[i] : response[behind];
        for (int axis = 0; axis < 3; axis++) {
          positions[axis * rows * width + at] = i;
        }
        if (behind >= -1) {
          select[met] = at;
          target[met++] = response[behind + 1];
        }
      }
    }
    return new PlainTraining.Batch(rows, ids, real, positions, List.of(), select, target, weight);
  }

  private void measure(String variant, Runnable pass, Runnable update) {
    pass.run();
    update.run();
    long resting = ResidentMemory.now().residentBytes();
    ResidentMemory.forgetPeak();
    double passSeconds = 0;
    double updateSeconds = 0;
    for (int step = 0; step < options.steps(); step++) {
      long start = System.nanoTime();
      pass.run();
      long between = System.nanoTime();
      update.run();
      passSeconds += (between - start) / 1e9;
      updateSeconds += (System.nanoTime() - between) / 1e9;
    }
    long peak = ResidentMemory.now().peakBytes();
    long tokens = options.steps() * options.tokens();
    findings.add(WORK, variant, "tokens_per_second", tokens / (passSeconds + updateSeconds));
    findings.add(WORK, variant, "pass_milliseconds", 1e3 * passSeconds / options.steps());
    findings.add(WORK, variant, "update_milliseconds", 1e3 * updateSeconds / options.steps());
    findings.add(WORK, variant, "peak_memory_bytes", peak);
    findings.add(WORK, variant, "above_resting_bytes", peak - resting);
  }

  private void compare() {
    Findings ratios = new Findings();
    for (Findings.Subject subject : findings.subjects()) {
      String variant = subject.variant();
      ratio(ratios, variant, "tokens_per_second", variant, TwinVariant.NAME, "over_ndarray_ratio");
      ratio(
          ratios,
          variant,
          "above_resting_bytes",
          TwinVariant.NAME,
          variant,
          "ndarray_memory_ratio");
      ratio(
          ratios,
          variant,
          "above_resting_bytes",
          variant.replace("engine", "all logits"),
          variant,
          "all_logits_memory_ratio");
    }
    ratios
        .subjects()
        .forEach(
            subject ->
                ratios
                    .of(subject)
                    .forEach(
                        (name, samples) ->
                            samples
                                .values()
                                .forEach(
                                    value ->
                                        findings.add(
                                            subject.work(), subject.variant(), name, value))));
  }

  private void ratio(
      Findings ratios, String variant, String quantity, String above, String below, String name) {
    if (above.equals(below)) {
      return;
    }
    findings
        .of(WORK, above, quantity)
        .ifPresent(
            over ->
                findings
                    .of(WORK, below, quantity)
                    .ifPresent(
                        under ->
                            over.over(under)
                                .values()
                                .forEach(value -> ratios.add(WORK, variant, name, value))));
  }
}
