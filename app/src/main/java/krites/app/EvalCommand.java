package krites.app;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import krites.app.answer.ModelOptions;
import krites.app.config.RunConfig;
import krites.app.display.HeldOut;
import krites.app.eval.BenchmarkOptions;
import krites.app.eval.BenchmarkRun;
import krites.app.eval.CriticOptions;
import krites.data.shapes.ShapesWorld;
import krites.grpo.port.RolloutEngine;
import krites.reward.CriticReward;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code krites eval}: how good a model is, on a public benchmark or on the held-out prompts. */
@Command(
    name = "eval",
    description =
        "Measures a model on a public benchmark (--bench), or on the held-out critic and policy"
            + " prompts of the settings, greedily.",
    footer = {
      "",
      "A benchmark leaves a folder: a record for each item, and the result. The same command goes on"
          + " where it was stopped or killed. docs/evaluation.md says how each benchmark is scored.",
      "",
      "Examples:",
      "  krites eval --model DIR --bench vl-rewardbench --data VL-RewardBench/data",
      "  krites eval --model DIR --bench vl-rewardbench --data VL-RewardBench/data --protocol official",
      "  krites eval --model DIR --bench mathvista --data testmini.parquet --limit 100",
      "  krites eval --model models/shapes-base --bench shapes-critic",
      "  krites eval runs/shapes-seed1-.../checkpoints/step-150",
      "  krites eval models/shapes-base --set eval.critic-items=1000",
      "  krites eval DIR --set data.eval-critic=pairs.jsonl --set data.eval-policy="
    })
final class EvalCommand implements Callable<Integer> {
  private final PrintStream out;
  private final PrintStream err;

  @Mixin private ConfigOptions options = new ConfigOptions();

  @Mixin private ModelOptions machine = new ModelOptions();

  @Mixin private BenchmarkOptions bench = new BenchmarkOptions();

  @Mixin private CriticOptions critic = new CriticOptions();

  @Parameters(
      paramLabel = "DIR",
      arity = "0..1",
      description = "A model directory, for example a checkpoint of a run.")
  private @Nullable Path named;

  @Option(names = "--model", paramLabel = "DIR", description = "The same, by name.")
  private @Nullable Path model;

  @Option(names = "--json", description = "With --bench: prints the result as one JSON document.")
  private boolean json;

  EvalCommand(PrintStream out, PrintStream err) {
    this.out = out;
    this.err = err;
  }

  @Override
  public Integer call() throws IOException {
    Path directory = directory();
    RunConfig config = machine.deviceOptions().overrides(options.reader()).read().config();
    if (!bench.named()) {
      Datasets datasets = InputError.guard(() -> Datasets.of(config));
      HeldOut heldOut = measure(config, directory, datasets);
      bench.out().ifPresent(folder -> write(folder, heldOut));
      print(out, heldOut);
      return ExitCode.OK;
    }
    ShapesWorld world =
        InputError.guard(
            () -> new ShapesWorld(config.world().seed(), Datasets.world(config.world())));
    return new BenchmarkRun(
            out,
            err,
            world,
            Datasets.pairs(config.world()).withTrueLabels(),
            Math.max(config.eval().criticItems(), config.eval().policyItems()))
        .run(directory, bench, critic, machine, seed(options), json);
  }

  private Path directory() {
    if ((named == null) == (model == null)) {
      throw new InputError("expected one model directory, as DIR or with --model");
    }
    return named != null ? named : Path.of(String.valueOf(model));
  }

  /** The seed that the options name, else 1. */
  static long seed(ConfigOptions options) {
    String text = options.seed().orElse("1");
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw new InputError("--seed " + text + ": expected a whole number", e);
    }
  }

  private static void write(Path folder, HeldOut heldOut) {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new InputError("--out " + folder + " cannot be written: " + e.getMessage(), e);
    }
    HeldOutFile.write(folder, heldOut);
  }

  /** Measures a model directory and prints one line per set. */
  static void print(PrintStream out, RunConfig config, Path model, Datasets datasets)
      throws IOException {
    print(out, measure(config, model, datasets));
  }

  private static HeldOut measure(RunConfig config, Path model, Datasets datasets)
      throws IOException {
    RunConfig.Model settings =
        new RunConfig.Model(
            model.toString(), false, config.model().minPixels(), config.model().maxPixels());
    Path scratch = Files.createTempDirectory("krites-eval");
    try (Engines engines =
            InputError.guard(
                () -> DjlEngines.create(config.withModel(settings), datasets.images(), scratch));
        RolloutEngine engine = InputError.guard(() -> engines.rollout(0))) {
      return GreedyEvaluation.measure(
          engine,
          new CriticReward(config.reward().formatWeight()),
          datasets.evalSets(),
          config.eval().maxNewTokens(),
          0);
    } finally {
      Files.deleteIfExists(scratch);
    }
  }

  private static void print(PrintStream out, HeldOut heldOut) {
    print(out, "critic", heldOut.criticAccuracy(), heldOut.criticFormat());
    print(out, "policy", heldOut.policyAccuracy(), heldOut.policyFormat());
  }

  private static void print(
      PrintStream out, String name, OptionalDouble accuracy, OptionalDouble format) {
    if (accuracy.isPresent()) {
      out.printf(
          Locale.ROOT,
          "%-6s  accuracy %.3f  layout %.3f%n",
          name,
          accuracy.getAsDouble(),
          format.orElse(Double.NaN));
    }
  }
}
