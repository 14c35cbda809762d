package krites.app.bench;

import java.io.PrintStream;
import java.util.concurrent.Callable;
import krites.app.DeviceOptions;
import krites.app.ExitCode;
import krites.app.InputError;
import krites.model.qwen25vl.Precision;
import krites.model.qwen25vl.Qwen25VlConfig;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code krites bench learner}: training steps against the plain twin. */
@Command(
    name = "learner",
    description =
        "Measures training steps, in turns with the same network in plain NDArray calls and DJL's AdamW.",
    footer = {
      "",
      "A step is forward, backward, clipping and AdamW on --rows texts whose last --new-tokens are learned. Memory is",
      "the resident peak during the measured steps, and how far it is above what the variant holds between steps. With",
      "--all-logits the engine also runs with the logits of all learned tokens at once, as a plain program does.",
      "",
      "Examples:",
      "  krites bench learner --shape 0.5b --rounds 5 --out learner.json",
      "  krites bench learner --shape 0.5b --layers 2 --rows 8 --prompt 8 --new-tokens 128 --all-logits --variants engine"
    })
public final class BenchLearnerCommand implements Callable<Integer> {
  private static final long PROCESS_BYTES = 1_000_000_000L;

  private final PrintStream out;
  private final PrintStream err;

  @Mixin private BenchOptions options = new BenchOptions();

  @Mixin private DeviceOptions device = new DeviceOptions();

  @Option(names = "--rows", paramLabel = "N", description = "Prompts of a step. Default: 4.")
  private int rows = 4;

  @Option(
      names = "--responses",
      paramLabel = "N",
      description = "Responses to each prompt, as in a group. Default: 1.")
  private int responses = 1;

  @Option(names = "--prompt", paramLabel = "N", description = "Tokens of a prompt. Default: 64.")
  private int promptTokens = 64;

  @Option(
      names = "--new-tokens",
      paramLabel = "N",
      description = "Tokens of each text that are learned. Default: 128.")
  private int newTokens = 128;

  @Option(
      names = "--steps",
      paramLabel = "N",
      description = "Steps of a round that count. Default: 2.")
  private int steps = 2;

  @Option(
      names = "--all-logits",
      description = "Also with the logits of all learned tokens at once.")
  private boolean allLogits;

  /** A verb that prints there. */
  public BenchLearnerCommand(PrintStream out, PrintStream err) {
    this.out = out;
    this.err = err;
  }

  @Override
  public Integer call() {
    options.check();
    if (rows < 1 || responses < 1 || promptTokens < 1 || newTokens < 1 || steps < 1) {
      throw new InputError("a number of rows, responses, tokens or steps is below 1");
    }
    var where = device.resolve();
    try (BenchModel model = options.prepare()) {
      LearnerBench.Options measured =
          new LearnerBench.Options(
              rows,
              responses,
              promptTokens,
              newTokens,
              steps,
              options.precisions(),
              options.engine(),
              options.twin(),
              allLogits,
              options.threads(),
              options.rounds(),
              where);
      BenchOptions.requireMemory(model, bytes(model, measured));
      model.writeWeights(Precision.F32.file());
      try (BenchPrompts prompts = new BenchPrompts(model)) {
        Findings findings =
            new LearnerBench(model, measured, prompts, BenchOptions.progress(err)).run();
        options.publish(
            options
                .report("learner", model)
                .with("rows", String.valueOf(rows))
                .with("responses", String.valueOf(responses))
                .with("prompt_tokens", String.valueOf(promptTokens))
                .with("new_tokens", String.valueOf(newTokens))
                .with("steps", String.valueOf(steps))
                .with(findings),
            out);
      }
      return ExitCode.OK;
    }
  }

  /** Weights, gradients and moments in float32, rounded weights, activations, logits. */
  private static long bytes(BenchModel model, LearnerBench.Options measured) {
    Qwen25VlConfig config = model.config();
    long texts = (long) measured.rows() * measured.responses();
    long tokens = texts * (measured.promptTokens() + measured.newTokens());
    long width = measured.promptTokens() + measured.newTokens();
    long layer = 12L * config.hidden() + 5L * config.intermediate();
    long scores = measured.twin() ? 4L * config.heads() * width : 0;
    long activations = 4 * tokens * config.layers() * (layer + scores);
    boolean all = measured.twin() || measured.fullLogits();
    long logits = all ? 5L * 4 * measured.targets() * config.vocabulary() : 5L * 4 * (1 << 25);
    return PROCESS_BYTES + 18 * model.parameters() + activations + logits;
  }
}
