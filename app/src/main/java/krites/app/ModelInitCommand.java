package krites.app;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.qwen25vl.RandomCheckpoint;
import krites.model.qwen25vl.StatedType;
import krites.model.qwen25vl.WeightLayout;
import krites.model.safetensors.DType;
import krites.model.safetensors.LoadProgress;
import krites.model.safetensors.SafetensorsCheckpoint;
import krites.model.safetensors.SafetensorsIndex;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code krites model init}: random weights of a true shape. */
@Command(
    name = "init",
    description =
        "Makes a model directory with random weights: names, shapes, dtype and shards of another.",
    footer = {
      "",
      "The other directory needs config.json; with model.safetensors.index.json the shards are those that it names,",
      "without it all weights go into one file. Its weights are not read and may be absent. The same seed gives the",
      "same bytes on every machine.",
      "",
      "Examples:",
      "  krites model init --like Qwen2.5-VL-7B-Instruct --out random-7b --seed 1",
      "  krites model init --like only-config-3b --tokenizer Qwen2.5-VL-7B-Instruct --out random-3b"
    })
final class ModelInitCommand implements Callable<Integer> {
  private final PrintStream out;

  @Option(
      names = "--like",
      paramLabel = "DIR",
      required = true,
      description = "The directory whose network and layout is taken.")
  private Path like = Path.of("");

  @Option(
      names = "--out",
      paramLabel = "DIR",
      required = true,
      description = "The model directory to write; it must not exist, or be empty.")
  private Path directory = Path.of("");

  @Option(
      names = "--tokenizer",
      paramLabel = "DIR",
      description =
          "Where files that describe the model (tokenizer, template, image processor) are taken from if the first directory lacks them.")
  private @Nullable Path tokenizer;

  @Option(names = "--seed", paramLabel = "N", description = "Seed of the weights. Default: 1.")
  private long seed = 1;

  @Option(
      names = "--dtype",
      paramLabel = "TYPE",
      description = "bf16, f16 or f32. Default: what config.json states, else bf16.")
  private String dtype = "";

  ModelInitCommand(PrintStream out) {
    this.out = out;
  }

  @Override
  public Integer call() {
    for (Path source : tokenizer == null ? new Path[] {like} : new Path[] {like, tokenizer}) {
      if (!Files.isDirectory(source)) {
        throw new InputError("model directory " + source + " does not exist");
      }
    }
    WeightLayout layout = InputError.guard(() -> WeightLayout.of(Qwen25VlConfig.load(like)));
    DType type =
        WeightTypeOption.parse(dtype)
            .or(() -> InputError.guard(() -> StatedType.read(like)))
            .orElse(DType.BF16);
    Path indexFile = like.resolve(SafetensorsCheckpoint.INDEX_FILE);
    Optional<SafetensorsIndex> index =
        Files.exists(indexFile)
            ? Optional.of(InputError.guard(() -> SafetensorsIndex.read(indexFile)))
            : Optional.empty();
    NewModel.requireFree(directory);
    RandomCheckpoint weights = new RandomCheckpoint(layout, seed, type);
    InputError.check(() -> index.ifPresent(weights::requireSameNames));
    long start = System.nanoTime();
    NewModel.write(
        directory,
        "writing",
        (folder, progress) -> writeTo(folder, weights, index, type, progress));
    double seconds = (System.nanoTime() - start) / 1e9;
    double gigabytes = layout.parameters() * (double) type.bytes() / 1e9;
    out.printf(
        Locale.ROOT,
        "%s: %,d random parameters as %s, %.2f GB in %.1f s%n",
        directory,
        layout.parameters(),
        type,
        gigabytes,
        seconds);
    return ExitCode.OK;
  }

  private void writeTo(
      Path folder,
      RandomCheckpoint weights,
      Optional<SafetensorsIndex> index,
      DType type,
      LoadProgress progress)
      throws IOException {
    new ModelFolder(like).copyDescription(folder, type);
    if (tokenizer != null) {
      new ModelFolder(tokenizer).completeDescription(folder);
    }
    if (index.isPresent()) {
      weights.write(folder, index.get(), progress);
    } else {
      weights.write(folder, progress);
    }
  }
}
