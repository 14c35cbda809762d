package krites.app;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import krites.app.answer.StopSignal;
import krites.app.answer.Stopped;
import krites.app.config.ConfigReader;
import krites.app.config.RejectConfig;
import krites.app.config.RunConfig;
import krites.app.display.ReadProgress;
import krites.app.display.Terminal;
import krites.app.eval.EvalFolder;
import krites.grpo.port.RewardFunction;
import krites.grpo.port.RolloutEngine;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code krites reject}: answers to the training prompts, of which the right ones are kept. */
@Command(
    name = "reject",
    description =
        "Samples answers to training prompts and keeps those that the reward calls right, for"
            + " krites sft --data.",
    footer = {
      "",
      "Prompts, sampling and reward are those of a run with the same settings (data.*, world.*, rollout.*, reward.*).",
      "The folder holds a record for each prompt, the counts, and answers.jsonl. The same command goes on where it was",
      "stopped or killed, and with a larger --limit after it was done.",
      "",
      "Examples:",
      "  krites reject --model models/shapes-base --limit 500 --out rejected",
      "  krites reject --config policy-only --n 16 --keep 4 --out rejected",
      "  krites reject --model DIR --data pairs.parquet --min-reward 0.9 --out rejected",
      "  krites sft --config cold-start --data rejected/answers.jsonl --model DIR --out models/cold"
    })
final class RejectCommand implements Callable<Integer> {
  private final PrintStream out;
  private final PrintStream err;
  private final TrainingRun.Rooms rooms;

  @Mixin private ConfigOptions options = new ConfigOptions();

  @Mixin private DeviceOptions where = new DeviceOptions();

  @Option(
      names = "--model",
      paramLabel = "DIR",
      description = "Who answers; the same as --set model.path=DIR. Default: the base that ships.")
  private @Nullable String model;

  @Option(
      names = "--data",
      paramLabel = "FILE",
      description = "The training prompts, a file or world; the same as --set data.train=FILE.")
  private @Nullable String data;

  @Option(
      names = "--n",
      paramLabel = "N",
      description = "Answers sampled for each prompt; the same as --set rollout.group-size=N.")
  private @Nullable String answers;

  @Option(
      names = "--keep",
      paramLabel = "K",
      description =
          "Most answers kept of a prompt, drawn by the seed; the same as --set reject.keep=K.")
  private @Nullable String keep;

  @Option(
      names = "--min-reward",
      paramLabel = "R",
      description =
          "Least reward of an answer that counts as right; the same as --set reject.min-reward=R.")
  private @Nullable String least;

  @Option(
      names = "--limit",
      paramLabel = "N",
      description =
          "Prompts asked, in the order of a run; the same as --set reject.limit=N. Default: as many as there are.")
  private @Nullable String limit;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      required = true,
      description = "The folder to write, or to go on in.")
  private Path folder = Path.of("");

  RejectCommand(PrintStream out, PrintStream err, TrainingRun.Rooms rooms) {
    this.out = out;
    this.err = err;
    this.rooms = rooms;
  }

  @Override
  public Integer call() throws IOException {
    RunConfig config = config();
    RejectConfig rule = config.reject();
    Datasets datasets = InputError.guard(() -> Datasets.of(config));
    RewardFunction reward = rooms.reward().apply(config.reward(), datasets.images());
    RejectionSampling work =
        new RejectionSampling(
            datasets.train(),
            reward,
            Wiring.sampling(config.rollout()),
            new RejectionSampling.Rule(rule.minReward(), rule.keep(), config.reward().attempts()),
            config.run().seed());
    long prompts = rule.limit() == 0 ? datasets.train().size() : rule.limit();
    Path scratch = Files.createTempDirectory("krites-reject");
    try (Engines engines =
        InputError.guard(() -> rooms.engines().create(config, datasets.images(), scratch))) {
      Map<String, Object> settings = settings(config);
      try (EvalFolder records = EvalFolder.open(folder, settings)) {
        datasets.notes().forEach(out::println);
        return run(engines, records, work, datasets, prompts);
      }
    } finally {
      Files.deleteIfExists(scratch);
    }
  }

  private int run(
      Engines engines, EvalFolder files, RejectionSampling work, Datasets datasets, long prompts) {
    EvalFolder.Records records = files.records("records.jsonl");
    try (StopSignal stop = new StopSignal();
        RolloutEngine engine = InputError.guard(() -> engines.rollout(0));
        ReadProgress bar = new ReadProgress(Terminal.standardError(), "asking", System::nanoTime)) {
      work.run(engine, records, prompts, watch(stop, bar, prompts));
    } catch (Stopped e) {
      err.println("krites: stopped; the same command goes on in " + folder);
      return ExitCode.INTERRUPTED;
    }
    Map<String, Object> counts = RejectionFiles.counts(records, prompts);
    files.finish(counts);
    long rows = RejectionFiles.write(folder, records, work, datasets.images(), prompts);
    RejectionFiles.lines(counts).forEach(out::println);
    out.println(rows + " rows in " + folder.resolve(RejectionFiles.ANSWERS));
    return ExitCode.OK;
  }

  private static RejectionSampling.Watch watch(StopSignal stop, ReadProgress bar, long prompts) {
    return new RejectionSampling.Watch() {
      @Override
      public boolean stopped() {
        return stop.asked();
      }

      @Override
      public void done(long done) {
        bar.reached(done, prompts);
      }
    };
  }

  private RunConfig config() {
    ConfigReader reader = where.overrides(options.reader());
    set(reader, "--model", "model.path", model);
    set(reader, "--data", "data.train", data);
    set(reader, "--n", "rollout.group-size", answers);
    set(reader, "--limit", "reject.limit", limit);
    set(reader, "--keep", "reject.keep", keep);
    set(reader, "--min-reward", "reject.min-reward", least);
    return reader.read().config();
  }

  private static void set(ConfigReader reader, String option, String key, @Nullable String value) {
    if (value != null) {
      reader.withValue(option + " " + value, key, value);
    }
  }

  /** All that a record depends on. */
  private Map<String, Object> settings(RunConfig config) {
    Map<String, Object> settings =
        new LinkedHashMap<>(InputError.guard(() -> RunIdentity.of(config)).values());
    settings.put("sampling", Wiring.sampling(config.rollout()).toString());
    settings.put("precision", config.rollout().precision().toString());
    settings.put("reward", config.reward().toString());
    settings.put("min_reward", config.reject().minReward());
    settings.put("keep", config.reject().keep());
    return settings;
  }
}
