package krites.app;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import krites.app.config.ConfigReader;
import krites.app.run.RunDirectory;
import krites.model.lora.LoraFiles;
import krites.model.qwen25vl.CheckpointCheck;
import krites.model.qwen25vl.CheckpointLike;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.qwen25vl.WeightLayout;
import krites.model.safetensors.DType;
import krites.model.safetensors.LoadProgress;
import krites.model.safetensors.SafetensorsCheckpoint;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code krites model export}: a trained model as others load it. */
@Command(
    name = "export",
    description =
        "Writes a run's newest checkpoint (or any model directory) as a directory for other programs.",
    footer = {
      "",
      "Checkpoints hold float32 weights, so that a run goes on exactly. An export has the shards, names, order and",
      "dtype of the directory that the run started from, with its tokenizer, template and processor files: what",
      "loaded that one loads this one. Weights that nobody changed come out byte for byte. Adapters are merged into",
      "their base; for peft they lie alone in the checkpoint (adapter_model.safetensors, adapter_config.json).",
      "",
      "Examples:",
      "  krites model export runs/look --out critic-7b",
      "  krites model export runs/look/checkpoints/step-150 --out critic-7b-f32 --dtype f32",
      "  krites model export my-model --like Qwen2.5-VL-7B-Instruct --out my-model-bf16"
    })
final class ModelExportCommand implements Callable<Integer> {
  private final PrintStream out;

  @Parameters(
      paramLabel = "RUN|DIR",
      description = "The folder of a run, a checkpoint of one, or a model directory.")
  private Path source = Path.of("");

  @Option(
      names = "--out",
      paramLabel = "DIR",
      required = true,
      description = "The model directory to write; it must not exist, or be empty.")
  private Path directory = Path.of("");

  @Option(
      names = "--like",
      paramLabel = "DIR",
      description =
          "The model directory whose layout is taken, with adapters also their base. Default: the one the run started"
              + " from; without a run, the exported one itself.")
  private @Nullable Path like;

  @Option(
      names = "--dtype",
      paramLabel = "TYPE",
      description = "bf16, f16 or f32. Default: that of the directory whose layout is taken.")
  private String dtype = "";

  ModelExportCommand(PrintStream out) {
    this.out = out;
  }

  @Override
  public Integer call() {
    Optional<DType> asked = WeightTypeOption.parse(dtype);
    Path weightsFolder = weightsFolder();
    if (LoraFiles.isAdapter(weightsFolder)) {
      return exportAdapters(weightsFolder, asked);
    }
    ModelFolder model = InputError.guard(() -> ModelFolder.checked(weightsFolder));
    ModelFolder layout = InputError.guard(() -> ModelFolder.checked(layoutFolder(weightsFolder)));
    NewModel.requireFree(directory);
    Qwen25VlConfig config = Qwen25VlConfig.load(model.path());
    try (SafetensorsCheckpoint weights = SafetensorsCheckpoint.open(model.path());
        SafetensorsCheckpoint other = SafetensorsCheckpoint.open(layout.path())) {
      InputError.check(() -> CheckpointCheck.requireLayout(other, WeightLayout.of(config)));
      long start = System.nanoTime();
      NewModel.write(
          directory,
          "writing",
          (folder, progress) ->
              writeTo(folder, model, layout, weights, other, config, asked, progress));
      out.printf(
          Locale.ROOT,
          "%s: the weights of %s, laid out as %s, in %.1f s%n",
          directory,
          model.path(),
          layout.path(),
          (System.nanoTime() - start) / 1e9);
    }
    return ExitCode.OK;
  }

  /** A run that trained adapters: they are merged into their base, which is checked. */
  private int exportAdapters(Path adapters, Optional<DType> asked) {
    Path place =
        like != null ? like : InputError.guard(() -> Path.of(LoraFiles.base(adapters).path()));
    ModelFolder base = InputError.guard(() -> ModelFolder.checked(place));
    InputError.check(
        () ->
            AdapterBase.require(
                adapters, new LoraFiles.Base(place.toString(), RunIdentity.model(place))));
    NewModel.requireFree(directory);
    long start = System.nanoTime();
    NewModel.write(
        directory,
        "merging",
        (folder, progress) -> {
          base.copyDescription(folder, asked.orElse(base.dtype()));
          AdapterBase.merge(adapters, base, folder, asked, progress);
        });
    out.printf(
        Locale.ROOT,
        "%s: the adapters of %s merged into %s, in %.1f s%n",
        directory,
        adapters,
        place,
        (System.nanoTime() - start) / 1e9);
    return ExitCode.OK;
  }

  private static void writeTo(
      Path folder,
      ModelFolder model,
      ModelFolder layout,
      SafetensorsCheckpoint weights,
      SafetensorsCheckpoint other,
      Qwen25VlConfig config,
      Optional<DType> asked,
      LoadProgress progress)
      throws IOException {
    layout.copyDescription(folder, asked.orElse(layout.dtype()));
    model.completeDescription(folder);
    CheckpointLike.write(folder, weights, other, WeightLayout.of(config), asked, progress);
  }

  private Path weightsFolder() {
    if (!Files.isRegularFile(source.resolve(RunDirectory.CONFIG))) {
      return source;
    }
    return RunDirectory.newestCheckpoint(source)
        .orElseThrow(() -> new InputError("run " + source + " has no checkpoint to export"))
        .folder();
  }

  /** What a run began with, found from its folder or from a checkpoint in it. */
  private Path layoutFolder(Path weightsFolder) {
    if (like != null) {
      return like;
    }
    Path checkpoints = weightsFolder.toAbsolutePath().normalize().getParent();
    Path run = checkpoints == null ? null : checkpoints.getParent();
    if (run == null || !Files.isRegularFile(run.resolve(RunDirectory.CONFIG))) {
      return weightsFolder;
    }
    Path origin =
        ModelFolder.place(
            new ConfigReader()
                .withResolvedFile(run.resolve(RunDirectory.CONFIG))
                .read()
                .config()
                .model());
    if (!Files.isDirectory(origin)) {
      throw new InputError(
          "the run began with " + origin + ", which is not there; name a directory with --like");
    }
    return origin;
  }
}
