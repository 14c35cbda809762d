package krites.app;

import ai.djl.Device;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import krites.app.config.ConfigReader;
import krites.app.config.ResolvedConfig;
import krites.app.config.RunConfig;
import krites.app.config.SftConfig;
import krites.app.run.NewFolder;
import krites.model.device.Devices;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code krites sft}: a base model from nothing. */
@Command(
    name = "sft",
    description =
        "Trains by imitation: on a file of answers, or a base of the built-in world from nothing.",
    footer = {
      "",
      "Writes a Hugging Face model directory, and sft.conf with every setting beside it. The keys are sft.* and world.*.",
      "",
      "Examples:",
      "  krites sft --out models/my-base --seed 3",
      "  krites sft --out models/longer --steps 2000 --set sft.network.hidden=128 --set sft.network.heads=4",
      "  krites train --set model.path=models/my-base",
      "  krites sft --config cold-start --data answers.jsonl --out models/cold",
      "  krites sft --config cold-start --data pairs.parquet --set sft.target=chosen --model DIR --out models/chosen"
    })
final class SftCommand implements Callable<Integer> {
  private final PrintStream out;

  @Mixin private ConfigOptions options = new ConfigOptions();

  @Mixin private DeviceOptions where = new DeviceOptions();

  @Option(
      names = "--out",
      paramLabel = "DIR",
      required = true,
      description = "The model directory to write; it must not exist.")
  private Path directory = Path.of("");

  @Option(
      names = "--data",
      paramLabel = "FILE",
      description =
          "Rows to imitate, of any format that krites data knows; the same as --set sft.data=FILE.")
  private @Nullable String data;

  @Option(
      names = "--model",
      paramLabel = "DIR",
      description =
          "The model to go on from; the same as --set sft.from=DIR. With --data, the base that ships"
              + " where none is named.")
  private @Nullable String model;

  @Option(
      names = "--steps",
      paramLabel = "N",
      description = "Optimizer steps; the same as --set sft.steps=N.")
  private @Nullable String steps;

  SftCommand(PrintStream out) {
    this.out = out;
  }

  @Override
  public Integer call() throws IOException {
    ConfigReader reader = where.overrides(options.reader());
    if (steps != null) {
      reader.withValue("--steps " + steps, "sft.steps", steps);
    }
    if (data != null) {
      reader.withValue("--data " + data, "sft.data", data);
    }
    if (model != null) {
      reader.withValue("--model " + model, "sft.from", model);
    }
    ResolvedConfig resolved = reader.read();
    RunConfig config = resolved.config();
    if (Files.exists(directory)) {
      throw new InputError("--out " + directory + " exists already; name a new directory");
    }
    Optional<ModelFolder> from = from(config.sft());
    Device device = InputError.guard(() -> Devices.resolve(config.learner().device()));
    Datasets datasets = InputError.guard(() -> Datasets.of(config));
    try (SftExamples examples = SftExamples.open(config)) {
      examples.notes().forEach(out::println);
      NewFolder.write(
          directory,
          folder -> {
            new SftRun(config, from, examples, device, out).writeTo(folder);
            SftRun.writeSettings(folder, resolved.text());
          });
    }
    out.println("model written to " + directory);
    EvalCommand.print(out, config, directory, datasets);
    return ExitCode.OK;
  }

  /** The model to go on from; none makes fresh weights. */
  private static Optional<ModelFolder> from(SftConfig sft) {
    if (sft.from().isEmpty() && sft.rows().data().isEmpty()) {
      return Optional.empty();
    }
    String named = sft.from().isEmpty() ? RunConfig.BUILT_IN_MODEL : sft.from();
    return Optional.of(
        InputError.guard(() -> ModelFolder.of(new RunConfig.Model(named, false, 0, 0))));
  }
}
