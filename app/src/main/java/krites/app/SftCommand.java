package krites.app;

import ai.djl.Device;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import krites.app.config.ConfigReader;
import krites.app.config.ResolvedConfig;
import krites.app.config.RunConfig;
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
        "Makes a base model of the built-in world by supervised training, from nothing or from a model.",
    footer = {
      "",
      "Writes a Hugging Face model directory, and sft.conf with every setting beside it. The keys are sft.* and world.*.",
      "",
      "Examples:",
      "  krites sft --out models/my-base --seed 3",
      "  krites sft --out models/longer --steps 2000 --set sft.network.hidden=128 --set sft.network.heads=4",
      "  krites train --set model.path=models/my-base"
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
    ResolvedConfig resolved = reader.read();
    RunConfig config = resolved.config();
    if (Files.exists(directory)) {
      throw new InputError("--out " + directory + " exists already; name a new directory");
    }
    if (!config.sft().from().isEmpty()) {
      InputError.guard(() -> ModelFolder.of(new RunConfig.Model(config.sft().from(), false, 0, 0)));
    }
    Device device = InputError.guard(() -> Devices.resolve(config.learner().device()));
    Datasets datasets = InputError.guard(() -> Datasets.of(config));
    NewFolder.write(
        directory,
        folder -> {
          new SftRun(config, device, out).writeTo(folder);
          SftRun.writeSettings(folder, resolved.text());
        });
    out.println("model written to " + directory);
    EvalCommand.print(out, config, directory, datasets);
    return ExitCode.OK;
  }
}
