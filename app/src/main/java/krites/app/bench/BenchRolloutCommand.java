package krites.app.bench;

import java.io.PrintStream;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import krites.app.DeviceOptions;
import krites.app.ExitCode;
import krites.app.InputError;
import krites.grpo.Prompt;
import krites.model.qwen25vl.Precision;
import krites.rollout.DjlRolloutEngine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code krites bench rollout}: the rollout engine against the plain twin and the machine. */
@Command(
    name = "rollout",
    description =
        "Measures reading prompts and decoding, in turns with the same network in plain NDArray calls.",
    footer = {
      "",
      "Each round opens, warms up, measures and closes every variant in turn; medians and extremes are over the rounds,",
      "ratios are taken round by round. The ceilings are the best that the same native library does with the same",
      "number type and threads in the same rounds: reading a buffer of 512 MiB, and products of large matrices.",
      "",
      "decode   one response to each of --batch prompts",
      "prefill  8 prompts of 512 tokens",
      "group    8 responses to a prompt of 512 tokens with a picture, against 8 such prompts",
      "tail     responses of a quarter to eight times --new-tokens, refilled at once or in fixed batches",
      "",
      "Examples:",
      "  krites bench rollout --shape 0.5b --batch 1,8,32 --rounds 5 --out rollout.json",
      "  krites bench rollout --only decode --batch 8 --precision bf16 --json",
      "  krites bench rollout --soak 120"
    })
public final class BenchRolloutCommand implements Callable<Integer> {
  private static final long PROCESS_BYTES = 1_000_000_000L;

  private final PrintStream out;
  private final PrintStream err;

  @Mixin private BenchOptions options = new BenchOptions();

  @Mixin private DeviceOptions device = new DeviceOptions();

  @Option(
      names = "--batch",
      paramLabel = "N",
      split = ",",
      description = "Sequences that decode together. Default: 1,8,32.")
  private List<Integer> batches = List.of(1, 8, 32);

  @Option(names = "--prompt", paramLabel = "N", description = "Tokens of a prompt. Default: 128.")
  private int promptTokens = 128;

  @Option(
      names = "--new-tokens",
      paramLabel = "N",
      description = "Tokens of a response. Default: 64.")
  private int newTokens = 64;

  @Option(
      names = "--chunk-tokens",
      paramLabel = "N",
      description = "Tokens decoded in one step of the engine. Default: 16.")
  private int chunkTokens = 16;

  @Option(
      names = "--only",
      paramLabel = "PARTS",
      split = ",",
      description = "decode, prefill, group, tail. Default: all.")
  private List<String> only = List.of();

  @Option(
      names = "--tail-batch",
      paramLabel = "N",
      description = "Places that the long tail shares. Default: 8.")
  private int tailBatch = 8;

  @Option(
      names = "--no-ceilings",
      negatable = true,
      description = "Do not measure what the machine does at best; there are no shares then.")
  private boolean ceilings = true;

  @Option(
      names = "--soak",
      paramLabel = "MINUTES",
      description =
          "Instead of all this: responses and new weights in a loop for so long. Exit code 1 unless resident memory, after a tenth of the time, stays within 2 %%: the median of the last third against that of the first.")
  private double soakMinutes;

  /** A verb that prints there. */
  public BenchRolloutCommand(PrintStream out, PrintStream err) {
    this.out = out;
    this.err = err;
  }

  @Override
  public Integer call() {
    options.check();
    if (batches.stream().anyMatch(batch -> batch < 1)
        || promptTokens < 1
        || newTokens < 1
        || chunkTokens < 1
        || tailBatch < 1
        || soakMinutes < 0) {
      throw new InputError("a number of sequences, tokens or minutes is below 1");
    }
    Set<RolloutBench.Work> work = work();
    var where = device.resolve();
    try (BenchModel model = options.prepare()) {
      RolloutBench.Options measured =
          new RolloutBench.Options(
              work,
              batches,
              promptTokens,
              newTokens,
              tailBatch,
              options.precisions(),
              options.engine(),
              options.twin(),
              chunkTokens,
              options.threads(),
              options.rounds(),
              ceilings,
              where);
      BenchOptions.requireMemory(model, bytes(model, measured));
      boolean anyF32 = options.twin() || options.precisions().contains(Precision.F32);
      model.writeWeights(anyF32 ? Precision.F32.file() : Precision.BF16.file());
      return soakMinutes > 0 ? soak(model, measured) : measure(model, measured);
    }
  }

  /** In one number type, the first of those that were asked for. */
  private int soak(BenchModel model, RolloutBench.Options measured) {
    Precision precision = measured.precisions().getFirst();
    EngineVariant.Setup setup =
        new EngineVariant.Setup(
            measured.sequences(),
            chunkTokens,
            DjlRolloutEngine.Settings.PREFILL_TOKENS,
            measured.threads(),
            precision,
            measured.device());
    try (BenchPrompts prompts = new BenchPrompts(model);
        WeightsBench bench = new WeightsBench(model, setup, prompts)) {
      List<Prompt> asked = Soak.prompts(prompts, measured.sequences(), promptTokens);
      Soak.Outcome outcome =
          new Soak(bench, asked, newTokens, BenchOptions.progress(err)).run(soakMinutes);
      BenchReport report = options.report("soak", model).with("minutes", soakMinutes);
      for (Soak.Sample sample : outcome.samples()) {
        report.sample(sample.minute(), sample.memory());
      }
      report.with("drift_share", outcome.drift()).with("flat", outcome.flat());
      options.publish(report, out);
      err.println("krites: " + outcome.line());
      return outcome.flat() ? ExitCode.OK : ExitCode.CHECK_FAILED;
    }
  }

  private Set<RolloutBench.Work> work() {
    Set<RolloutBench.Work> work = EnumSet.noneOf(RolloutBench.Work.class);
    for (String name : only) {
      work.add(
          Arrays.stream(RolloutBench.Work.values())
              .filter(part -> part.name().toLowerCase(Locale.ROOT).equals(name))
              .findFirst()
              .orElseThrow(
                  () ->
                      new InputError(
                          "--only " + name + ": expected decode, prefill, group or tail")));
    }
    return only.isEmpty() ? EnumSet.allOf(RolloutBench.Work.class) : work;
  }

  private int measure(BenchModel model, RolloutBench.Options measured) {
    try (BenchPrompts prompts = new BenchPrompts(model)) {
      RolloutBench bench = new RolloutBench(model, measured, prompts, BenchOptions.progress(err));
      Findings findings = bench.run();
      BenchReport report =
          options
              .report("rollout", model)
              .with(
                  "batches", batches.stream().map(String::valueOf).collect(Collectors.joining(",")))
              .with("prompt_tokens", String.valueOf(promptTokens))
              .with("new_tokens", String.valueOf(newTokens))
              .with("chunk_tokens", String.valueOf(chunkTokens));
      for (Map.Entry<Precision, RolloutBench.Ceiling> ceiling : bench.ceilings().entrySet()) {
        String type = ceiling.getKey().name().toLowerCase(Locale.ROOT);
        report
            .with("ceiling_" + type + "_bytes_per_second", ceiling.getValue().bytesPerSecond())
            .with(
                "ceiling_" + type + "_operations_per_second",
                ceiling.getValue().operationsPerSecond());
      }
      options.publish(report.with(findings), out);
      return ExitCode.OK;
    }
  }

  /**
   * Bytes of the largest variant: weights as mapped, cast or packed beside them, caches, and what
   * reading prompts takes.
   */
  private static long bytes(BenchModel model, RolloutBench.Options measured) {
    long weights = 0;
    for (Precision precision : measured.precisions()) {
      boolean cast = precision == Precision.BF16 && measured.twin();
      weights = Math.max(weights, model.parameters() * precision.bytes() * (cast ? 4L : 2L));
    }
    weights = Math.max(weights, measured.twin() ? 4 * model.parameters() : 0);
    NetworkCost cost = new NetworkCost(model.config());
    long context = measured.promptTokens() + 8L * measured.newTokens();
    long caches = 4 * 2 * measured.sequences() * context * cost.cachedValues();
    long logits = 44L * measured.sequences() * model.config().vocabulary();
    long reading =
        8L * 512 * 4 * (8L * model.config().hidden() + 4L * model.config().intermediate())
            + (measured.twin() ? 3L * 4 * 8 * model.config().heads() * 512 * 512 : 0);
    return PROCESS_BYTES + weights + caches + logits + reading;
  }
}
