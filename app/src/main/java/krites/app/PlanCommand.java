package krites.app;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import krites.app.config.RunConfig;
import krites.app.plan.Load;
import krites.app.plan.MemoryPlan;
import krites.app.plan.PlanReport;
import krites.learner.Objective;
import krites.model.image.ImageProcessor;
import krites.model.qwen25vl.Qwen25VlConfig;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code krites plan}: what a run will hold in memory. */
@Command(
    name = "plan",
    description = "Says what a run would hold in memory and on disk, without reading weights.",
    footer = {
      "",
      "The model directory needs its config.json alone. Every sequence counts with its full length: a prompt with one",
      "picture of the largest size, and responses of rollout.max-new-tokens. Exit code 1 if it does not fit.",
      "",
      "Examples:",
      "  krites plan --config llava-critic-r1-7b --model Qwen2.5-VL-7B-Instruct --gpu-memory 80",
      "  krites plan --model Qwen2.5-VL-3B-Instruct --set learner.lora.rank=16 --set learner.precision=bf16"
    })
final class PlanCommand implements Callable<Integer> {
  /** Of a published critic prompt: a question and two answers. */
  private static final int TEXT_TOKENS = 600;

  /** Tokens of a prompt of the built-in world beside its picture. */
  private static final int WORLD_TEXT_TOKENS = 90;

  /** A photograph, where neither configuration nor processor bound it. */
  private static final long PIXELS = 1_000_000;

  private static final int CELL_PIXELS = 28;
  private static final double GIB = 1L << 30;
  private static final ObjectMapper MAPPER =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private final PrintStream out;

  @Mixin private ConfigOptions options = new ConfigOptions();

  @Option(
      names = "--model",
      paramLabel = "DIR",
      description = "The model directory; the same as --set model.path=DIR.")
  private @Nullable Path model;

  @Option(
      names = "--gpu-memory",
      paramLabel = "GIB",
      description = "Memory of each GPU. Says whether learner and rollout workers fit on one.")
  private double gpuMemory;

  @Option(
      names = "--host-memory",
      paramLabel = "GIB",
      description = "Memory of the machine. Default: that of this one.")
  private double hostMemory;

  @Option(
      names = "--text-tokens",
      paramLabel = "N",
      description =
          "Tokens of a prompt beside its picture. Default: 600, in the built-in world 90.")
  private int textTokens;

  @Option(
      names = "--response-tokens",
      paramLabel = "N",
      description = "Tokens of a response. Default: rollout.max-new-tokens.")
  private int responseTokens;

  @Option(
      names = "--image-pixels",
      paramLabel = "N",
      description =
          "Pixels of a picture. Default: model.max-pixels, or those of the built-in world, else a million.")
  private long imagePixels;

  @Option(names = "--json", description = "Print one JSON document instead of lines.")
  private boolean json;

  PlanCommand(PrintStream out) {
    this.out = out;
  }

  @Override
  public Integer call() throws IOException {
    if (gpuMemory < 0
        || hostMemory < 0
        || textTokens < 0
        || responseTokens < 0
        || imagePixels < 0) {
      throw new InputError("a size is negative; expected numbers above 0");
    }
    RunConfig config = options.reader().read().config();
    Path directory = model == null ? ModelFolder.place(config.model()) : model;
    if (!Files.isDirectory(directory)) {
      throw new InputError("model directory " + directory + " does not exist");
    }
    Qwen25VlConfig network = InputError.guard(() -> Qwen25VlConfig.load(directory));
    boolean world = onlyWorld(config.data());
    Load load =
        Load.of(
            config,
            network,
            textTokens > 0 ? textTokens : world ? WORLD_TEXT_TOKENS : TEXT_TOKENS,
            responseTokens > 0 ? responseTokens : config.rollout().maxNewTokens(),
            pixels(config, directory, world));
    boolean reference =
        new Objective(config.rollout().temperature(), ConfiguredObjective.of(config.algorithm()))
            .usesReference();
    PlanReport report =
        new PlanReport(
            MemoryPlan.of(config, network, DjlEngines.choice(config), reference, load),
            choice -> MemoryPlan.of(config, network, choice, reference, load),
            DjlEngines.choice(config),
            (long) (gpuMemory * GIB),
            hostMemory > 0 ? (long) (hostMemory * GIB) : Machine.memoryBytes());
    if (json) {
      out.println(MAPPER.writeValueAsString(report.json()));
    } else {
      out.println(directory + ": bytes at the peak, computed");
      report.lines().forEach(out::println);
    }
    return report.fits() ? ExitCode.OK : ExitCode.CHECK_FAILED;
  }

  /** Whether no prompt of a file is trained, whose size the settings do not tell. */
  private static boolean onlyWorld(RunConfig.Data data) {
    return (!data.trainsCritic() || data.train().equals(RunConfig.BUILT_IN_WORLD))
        && (!data.trainsPolicy() || data.trainPolicy().equals(RunConfig.BUILT_IN_WORLD));
  }

  private long pixels(RunConfig config, Path directory, boolean world) {
    if (imagePixels > 0) {
      return imagePixels;
    }
    if (world) {
      long side = (long) CELL_PIXELS * config.world().grid();
      return Math.max(side * side, config.model().minPixels());
    }
    if (config.model().maxPixels() > 0) {
      return config.model().maxPixels();
    }
    return Files.exists(directory.resolve(ImageProcessor.CONFIG_FILE))
        ? Math.min(PIXELS, InputError.guard(() -> ImageProcessor.load(directory)).maxPixels())
        : PIXELS;
  }
}
