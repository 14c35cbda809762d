package krites.app.bench;

import java.io.PrintStream;
import java.util.List;
import java.util.concurrent.Callable;
import krites.app.DeviceOptions;
import krites.app.ExitCode;
import krites.app.InputError;
import krites.model.qwen25vl.Precision;
import krites.rollout.DjlRolloutEngine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code krites bench weights}: how long new weights take from the learner to an engine. */
@Command(
    name = "weights",
    description = "Measures publishing, verifying and taking over weights, again and again.",
    footer = {
      "",
      "The learner's float32 weights are written in the engine's type and digested, read back and compared, and taken",
      "over by an engine, which reads and compares them once more. --variants and --rounds do not matter here.",
      "",
      "Examples:",
      "  krites bench weights --pushes 20",
      "  krites bench weights --shape 0.5b --precision bf16 --json"
    })
public final class BenchWeightsCommand implements Callable<Integer> {
  private final PrintStream out;

  @Mixin private BenchOptions options = new BenchOptions();

  @Mixin private DeviceOptions device = new DeviceOptions();

  @Option(
      names = "--pushes",
      paramLabel = "N",
      description = "Versions that are pushed, behind one that does not count. Default: 5.")
  private int pushes = 5;

  /** A verb that prints there. */
  public BenchWeightsCommand(PrintStream out) {
    this.out = out;
  }

  @Override
  public Integer call() {
    options.check();
    if (pushes < 1) {
      throw new InputError("--pushes " + pushes + ": expected at least 1");
    }
    var where = device.resolve();
    try (BenchModel model = options.prepare()) {
      // The learner's weights, and two versions of an engine's, mapped and packed.
      BenchOptions.requireMemory(model, 1_000_000_000L + (4 + 4 * 4L) * model.parameters());
      model.writeWeights(Precision.F32.file());
      Findings findings = new Findings();
      try (BenchPrompts prompts = new BenchPrompts(model)) {
        for (Precision precision : options.precisions()) {
          EngineVariant.Setup setup =
              new EngineVariant.Setup(
                  1,
                  1,
                  DjlRolloutEngine.Settings.PREFILL_TOKENS,
                  options.threads(),
                  precision,
                  where);
          try (WeightsBench bench = new WeightsBench(model, setup, prompts)) {
            bench.answer(List.of(prompts.prompt(1, 64, false)), 1);
            bench.push(new Findings());
            for (int i = 0; i < pushes; i++) {
              bench.push(findings);
            }
          }
        }
      }
      options.publish(
          options.report("weights", model).with("pushes", String.valueOf(pushes)).with(findings),
          out);
      return ExitCode.OK;
    }
  }
}
