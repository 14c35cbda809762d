package krites.app.experiment;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import krites.app.ExitCode;
import krites.app.InputError;
import krites.app.config.ExperimentConfig;
import krites.app.config.ExperimentReader;
import krites.app.config.RunConfig;
import krites.app.display.Terminal;
import krites.app.process.ChildProcesses;
import krites.app.process.Launcher;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code krites experiment}: a grid of runs, one table, one plot. */
@Command(
    name = "experiment",
    description =
        "Runs every arm of a file with every seed, and writes one table and one plot with intervals.",
    footer = {
      "",
      "Each run is a process of its own, so a crash of one ends no other. Ctrl-C stops with checkpoints;"
          + " the same command goes on, and tries again what failed. docs/recipes.md explains the files.",
      "",
      "Examples:",
      "  krites experiment recipes/experiments/alpha.conf --dry-run",
      "  krites experiment recipes/experiments/alpha.conf",
      "  krites experiment recipes/experiments/critic-only.conf --config llava-critic-r1-7b \\",
      "      --set model.path=DIR --set data.train=FILE --set data.eval-critic=FILE --out experiments/7b",
      "  krites experiment my.conf --only baseline --seeds 1,2 --jobs 2"
    })
public final class ExperimentCommand implements Callable<Integer> {
  private final Terminal terminal;
  private final Launcher launcher;

  @Parameters(
      paramLabel = "FILE",
      description = "The experiment, such as recipes/experiments/*.conf.")
  private Path file = Path.of("");

  @Option(
      names = "--config",
      paramLabel = "NAME|FILE",
      description =
          "A recipe or a file laid over the file's common settings and below what its arms set, for"
              + " example another model and its data. Repeatable, the later wins.")
  private List<String> configs = new ArrayList<>();

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "Sets one key of all runs, above all files. Repeatable.")
  private List<String> assignments = new ArrayList<>();

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Folder of all runs and of the result. Default: experiments/, the file's name.")
  private @Nullable Path directory;

  @Option(
      names = "--jobs",
      paramLabel = "N",
      description = "Runs that go on side by side. Default: 1.")
  private int jobs = 1;

  @Option(
      names = "--seeds",
      paramLabel = "N",
      split = ",",
      description = "Only these seeds of the file. Repeatable.")
  private List<Long> seeds = new ArrayList<>();

  @Option(
      names = "--only",
      paramLabel = "ARM",
      split = ",",
      description = "Only these arms of the file. Repeatable.")
  private List<String> arms = new ArrayList<>();

  @Option(
      names = "--dry-run",
      description = "Lists what is done and what is left, and starts nothing.")
  private boolean dryRun;

  /**
   * @param launcher runs the verbs
   */
  public ExperimentCommand(Terminal terminal, Launcher launcher) {
    this.terminal = terminal;
    this.launcher = launcher;
  }

  /** Verbs run in processes of their own. */
  public static ExperimentCommand of(Terminal terminal) {
    return new ExperimentCommand(terminal, new ChildProcesses());
  }

  @Override
  public Integer call() {
    if (jobs < 1) {
      throw new InputError("--jobs " + jobs + ": expected at least 1");
    }
    ExperimentConfig experiment = new ExperimentReader().read(file).with(configs, assignments);
    Path folder = directory != null ? directory : Path.of("experiments").resolve(experiment.name());
    requireKnown(
        "--only", arms, experiment.arms().stream().map(ExperimentConfig.Arm::name).toList());
    requireKnown("--seeds", seeds, experiment.seeds());
    CellFollowUps.check(experiment);
    List<Cell> cells = cells(experiment, folder);
    List<Cell> chosen =
        cells.stream()
            .filter(cell -> arms.isEmpty() || arms.contains(cell.arm().name()))
            .filter(cell -> seeds.isEmpty() || seeds.contains(cell.seed()))
            .toList();
    cells.forEach(Cell::requireSameSettings);
    chosen.forEach(ExperimentCommand::requireStart);
    if (dryRun) {
      list(experiment, chosen);
      return ExitCode.OK;
    }
    return new ExperimentRun(experiment, folder, cells, jobs, terminal).run(chosen, launcher);
  }

  /** Seed by seed, so that all arms can be compared early. */
  private static List<Cell> cells(ExperimentConfig experiment, Path folder) {
    List<Cell> cells = new ArrayList<>();
    for (long seed : experiment.seeds()) {
      for (ExperimentConfig.Arm arm : experiment.arms()) {
        cells.add(Cell.of(experiment, arm, seed, folder));
      }
    }
    return cells;
  }

  private static <T> void requireKnown(String option, List<T> chosen, List<T> known) {
    for (T one : chosen) {
      if (!known.contains(one)) {
        throw new InputError(option + " " + one + ": the file has " + known);
      }
    }
  }

  private static void requireStart(Cell cell) {
    String start = cell.start();
    if (!start.isEmpty()
        && !start.equals(RunConfig.BUILT_IN_MODEL)
        && !Files.isDirectory(Path.of(start))) {
      throw new InputError(cell.name() + ": model directory " + start + " does not exist");
    }
  }

  private void list(ExperimentConfig experiment, List<Cell> cells) {
    int left = 0;
    for (Cell cell : cells) {
      CellState state = CellState.of(cell, experiment);
      left += state.kind() == CellState.Kind.DONE ? 0 : 1;
      terminal.out().println(String.format("%-32s %s", cell.name(), state.words()).stripTrailing());
    }
    terminal.out().println(left + " of " + cells.size() + " left");
  }
}
