package krites.app;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import krites.app.config.RunConfig;
import krites.app.display.HeldOut;
import krites.grpo.port.RolloutEngine;
import krites.reward.CriticReward;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code krites eval}: how good a model is on the held-out prompts. */
@Command(
    name = "eval",
    description = "Measures a model on the held-out critic and policy prompts, greedily.",
    footer = {
      "",
      "Examples:",
      "  krites eval runs/shapes-seed1-.../checkpoints/step-150",
      "  krites eval models/shapes-base --set eval.critic-items=1000",
      "  krites eval DIR --set data.eval-critic=pairs.jsonl --set data.eval-policy="
    })
final class EvalCommand implements Callable<Integer> {
  private final PrintStream out;

  @Mixin private ConfigOptions options = new ConfigOptions();

  @Mixin private DeviceOptions where = new DeviceOptions();

  @Parameters(
      paramLabel = "DIR",
      description = "A model directory, for example a checkpoint of a run.")
  private Path model = Path.of("");

  EvalCommand(PrintStream out) {
    this.out = out;
  }

  @Override
  public Integer call() throws IOException {
    RunConfig config = where.overrides(options.reader()).read().config();
    Datasets datasets = InputError.guard(() -> Datasets.of(config));
    print(out, config, model, datasets);
    return ExitCode.OK;
  }

  /** Measures a model directory and prints one line per set. */
  static void print(PrintStream out, RunConfig config, Path model, Datasets datasets)
      throws IOException {
    RunConfig.Model settings =
        new RunConfig.Model(
            model.toString(), false, config.model().minPixels(), config.model().maxPixels());
    Path scratch = Files.createTempDirectory("krites-eval");
    try (Engines engines =
            InputError.guard(
                () -> DjlEngines.create(config.withModel(settings), datasets.images(), scratch));
        RolloutEngine engine = InputError.guard(() -> engines.rollout(0))) {
      HeldOut heldOut =
          GreedyEvaluation.measure(
              engine,
              new CriticReward(config.reward().formatWeight()),
              datasets.evalSets(),
              config.eval().maxNewTokens(),
              0);
      print(out, "critic", heldOut.criticAccuracy(), heldOut.criticFormat());
      print(out, "policy", heldOut.policyAccuracy(), heldOut.policyFormat());
    } finally {
      Files.deleteIfExists(scratch);
    }
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
