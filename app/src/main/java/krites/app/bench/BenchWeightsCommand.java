package krites.app.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.regex.Pattern;
import krites.app.DeviceOptions;
import krites.app.ExitCode;
import krites.app.InputError;
import krites.app.run.DurableFiles;
import krites.model.qwen25vl.Precision;
import krites.rollout.DjlRolloutEngine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code krites bench weights}: how long new weights take from the learner to an engine. */
@Command(
    name = "weights",
    description =
        "Measures publishing, verifying and taking over weights, or pushing them to other nodes.",
    footer = {
      "",
      "The learner's float32 weights are written in the engine's type and digested, read back and compared, and taken",
      "over by an engine, which reads and compares them once more. --variants and --rounds do not matter here.",
      "",
      "With --size, weights of that size are pushed over loopback instead, in turns with a plain copy by the kernel,",
      "while two actor systems ping each other; and what a step of training at --lr changes is made, applied and",
      "compared. Copies lie in --work: a folder in memory, if the disk is not to be measured.",
      "",
      "Examples:",
      "  krites bench weights --pushes 20",
      "  krites bench weights --shape 0.5b --precision bf16 --json",
      "  krites bench weights --size 64m,1g --receivers 1,2,3 --work /dev/shm",
      "  krites bench weights --size 7g --forecast 64,512 --gigabits 25"
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

  @Option(
      names = "--size",
      paramLabel = "SIZES",
      split = ",",
      description = "Sizes to push, such as 64m,1g,6g.")
  private List<String> sizes = List.of();

  @Option(
      names = "--receivers",
      paramLabel = "NUMBERS",
      split = ",",
      description = "Receivers of a push. Default: 1,3.")
  private List<Integer> receivers = List.of(1, 3);

  @Option(
      names = "--forecast",
      paramLabel = "NODES",
      split = ",",
      description =
          "In place of a measurement: what a push of each --size to so many nodes would take, simulated.")
  private List<Integer> forecast = List.of();

  @Option(
      names = "--gigabits",
      paramLabel = "RATE",
      description = "Link of each node of a forecast, in Gbit/s. Default: 10.")
  private double gigabits = 10;

  @Option(
      names = "--lr",
      paramLabel = "RATE",
      description = "Learning rate of the step whose changes are measured. Default: 1e-6.")
  private double learningRate = 1e-6;

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
    if (!forecast.isEmpty()) {
      return forecast();
    }
    if (!sizes.isEmpty()) {
      return push();
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

  // --- pushing
  // -------------------------------------------------------------------------------------------------

  private static final int STEPS_BEFORE = 20; // AdamW has settled by then
  private static final long SEED = 1;

  private int push() {
    if (receivers.stream().anyMatch(count -> count < 1 || count > 32)) {
      throw new InputError("--receivers " + receivers + ": expected numbers from 1 to 32");
    }
    Findings findings = new Findings();
    List<Long> all = sizes.stream().map(BenchWeightsCommand::bytes).toList();
    BenchReport report = options.report("weights", "push");
    try (Pings pings = new Pings()) {
      var training = new DeltaBench(learningRate, STEPS_BEFORE, SEED);
      idle(pings, findings);
      for (int i = 0; i < all.size(); i++) {
        push(sizes.get(i), all.get(i), training, pings, findings);
      }
    } catch (IOException | ExecutionException e) {
      throw new InputError("--work " + options.work() + ": " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("stopped while weights were pushed", e);
    }
    options.publish(
        report
            .with("size", String.join(",", sizes))
            .with("receivers", receivers.toString())
            .with("lr", String.valueOf(learningRate))
            .with(findings),
        out);
    return ExitCode.OK;
  }

  private int forecast() {
    if (sizes.isEmpty()
        || !(gigabits > 0)
        || forecast.stream().anyMatch(nodes -> nodes < 2 || nodes > 10_000)) {
      throw new InputError(
          "--forecast " + forecast + ": expected 2 to 10000 nodes, a --size and --gigabits");
    }
    Findings findings = new Findings();
    PushForecast simulated = new PushForecast(gigabits);
    for (String size : sizes) {
      forecast.forEach(nodes -> simulated.add(size, bytes(size), nodes, findings));
    }
    options.publish(
        options
            .report("weights", "push, simulated")
            .with("gigabits", String.valueOf(gigabits))
            .with(findings),
        out);
    return ExitCode.OK;
  }

  private void push(String size, long bytes, DeltaBench training, Pings pings, Findings findings)
      throws IOException, InterruptedException, ExecutionException {
    Path work = Files.createTempDirectory(options.work(), "krites-push-");
    try {
      Path content = training.write(work.resolve("content"), bytes);
      // What does not count: code that is compiled, pages that are found.
      new PushBench(work, size, content, pings, new Findings()).round(List.of(1));
      PushBench bench = new PushBench(work, size, content, pings, findings);
      for (int round = 0; round < options.rounds(); round++) {
        bench.round(receivers);
      }
      training.measure(work, size, content, findings);
    } finally {
      DurableFiles.deleteTree(work);
    }
  }

  /** How long the answer to a ping takes when nothing is pushed. */
  private static void idle(Pings pings, Findings findings) throws InterruptedException {
    Thread.sleep(2_000); // the two find each other
    pings.begin();
    Thread.sleep(3_000);
    pings.end(findings, "nothing", "");
  }

  private static long bytes(String size) {
    var form = Pattern.compile("([1-9][0-9]{0,8})([kmg]?)").matcher(size);
    if (!form.matches()) {
      throw new InputError("--size " + size + ": expected a number with k, m or g");
    }
    int shift =
        switch (form.group(2)) {
          case "k" -> 10;
          case "m" -> 20;
          case "g" -> 30;
          default -> 0;
        };
    return Long.parseLong(form.group(1)) << shift;
  }
}
