package krites.app;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import krites.app.config.RunConfig;
import krites.app.run.NewFolder;
import krites.model.lora.LoraAdapters;
import krites.model.lora.LoraFiles;
import krites.model.lora.LoraSettings;
import krites.model.lora.MergedWeights;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.torchscript.TorchRuntime;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code krites merge}: adapters and their base as one model directory. */
@Command(
    name = "merge",
    description =
        "Merges the adapters of a checkpoint into the weights that they stand beside, and writes a"
            + " model directory in float32. The base is that of the run, and is checked.",
    footer = {
      "",
      "The adapters alone, for peft or vLLM, lie in the checkpoint: adapter_model.safetensors and",
      "adapter_config.json.",
      "",
      "Examples:",
      "  krites merge runs/mine/checkpoints/step-150 --out models/mine",
      "  krites merge runs/mine/checkpoints/step-150 --out models/mine --base models/moved"
    })
final class MergeCommand implements Callable<Integer> {
  private final PrintStream out;

  @Parameters(paramLabel = "CHECKPOINT", description = "A directory with adapters.")
  private Path adapters = Path.of("");

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "The model directory to make.")
  private Path result = Path.of("");

  @Option(
      names = "--base",
      paramLabel = "DIR",
      description = "Where the base lies now. Default: where it lay when the run was started.")
  private @Nullable Path base;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description =
          "Native threads; with those of learner.threads the bits are those of the run's own"
              + " weights. Default: ${DEFAULT-VALUE}.")
  private int threads = 1;

  MergeCommand(PrintStream out) {
    this.out = out;
  }

  @Override
  public Integer call() {
    if (!LoraFiles.isAdapter(adapters)) {
      throw new InputError(
          adapters
              + ": expected a directory with "
              + LoraFiles.CONFIG
              + "; a run that trains all weights has model directories as checkpoints");
    }
    if (Files.exists(result)) {
      throw new InputError("--out " + result + ": it exists already");
    }
    if (threads < 1) {
      throw new InputError("--threads " + threads + ": expected at least 1");
    }
    Path place =
        base != null ? base : InputError.guard(() -> Path.of(LoraFiles.base(adapters).path()));
    ModelFolder model =
        InputError.guard(() -> ModelFolder.of(new RunConfig.Model(place.toString(), false, 0, 0)));
    InputError.guard(
        () -> {
          requireBase(adapters, new LoraFiles.Base(place.toString(), RunIdentity.model(place)));
          merge(model);
          return result;
        });
    out.println("model: " + result);
    return ExitCode.OK;
  }

  private void merge(ModelFolder model) {
    TorchRuntime.prepareThread(threads, false);
    Qwen25VlConfig config = Qwen25VlConfig.load(model.path());
    LoraSettings settings = LoraFiles.settings(adapters);
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        LoraAdapters trained = LoraAdapters.load(adapters, config, settings, manager);
        NetworkWeights weights = NetworkWeights.load(model.path(), config, manager)) {
      NewFolder.write(result, folder -> model.save(folder, new MergedWeights(weights, trained)));
    }
  }

  /**
   * Refuses a base that is not the one which the adapters of a directory were trained beside.
   *
   * @throws InputError saying both
   */
  static void requireBase(Path adapters, LoraFiles.Base base) {
    LoraFiles.Base expected = LoraFiles.base(adapters);
    if (!expected.digest().equals(base.digest())) {
      throw new InputError(
          base.path()
              + ": expected the base of "
              + adapters
              + ", "
              + expected.digest()
              + ", found "
              + base.digest());
    }
  }
}
