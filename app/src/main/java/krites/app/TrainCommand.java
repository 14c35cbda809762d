package krites.app;

import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import krites.app.config.ConfigReader;
import krites.app.config.ResolvedConfig;
import krites.app.config.RunConfig;
import krites.app.display.Terminal;
import krites.app.run.Resumption;
import krites.app.run.RunDirectory;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code krites train}: the main job. */
@Command(
    name = "train",
    description = "Trains a critic with asynchronous GRPO; without arguments, the built-in job.",
    footer = {
      "",
      "A run writes runs/<recipe>-seed<N>-<time>/: the resolved configuration, metrics, samples, evaluations,",
      "checkpoints and summary.json. Ctrl-C stops it with a checkpoint; twice ends it at once.",
      "",
      "Examples:",
      "  krites train",
      "  krites train --config smoke --run-dir runs/look",
      "  krites train --config control-format-only --seed 3",
      "  krites train --config llava-critic-r1-7b --config my-paths.conf",
      "  krites train --resume runs/look --steps 40",
      "  krites train --cluster 10.0.0.5:7400 --config smoke"
    })
final class TrainCommand implements Callable<Integer> {
  private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss");

  private final Terminal terminal;
  private final TrainingRun.Rooms rooms;

  @Mixin private ConfigOptions options = new ConfigOptions();

  @Mixin private DeviceOptions where = new DeviceOptions();

  @Option(
      names = "--steps",
      paramLabel = "N",
      description = "Length of the run; the same as --set run.steps=N.")
  private @Nullable String steps;

  @Option(
      names = "--run-dir",
      paramLabel = "DIR",
      description =
          "Folder of the run, which must not hold one yet; the same as --set run.dir=DIR.")
  private @Nullable String runDir;

  @Option(
      names = "--resume",
      paramLabel = "DIR",
      description =
          "Goes on from the newest checkpoint of a run, with its configuration; --set and --steps may change it.")
  private @Nullable Path resume;

  @Option(
      names = "--cluster",
      paramLabel = "HOST:PORT",
      split = ",",
      description =
          "Has the nodes of a cluster run the job instead of this process; a node of it, or several.")
  private List<String> cluster = new ArrayList<>();

  @Option(names = "--detach", description = "With --cluster: returns when the job was taken.")
  private boolean detach;

  @Mixin private NodeOptions reach = new NodeOptions();

  TrainCommand(Terminal terminal, TrainingRun.Rooms rooms) {
    this.terminal = terminal;
    this.rooms = rooms;
  }

  @Override
  public Integer call() {
    return resume == null ? startNew() : goOn(resume);
  }

  private int startNew() {
    ResolvedConfig resolved = overrides(options.reader()).read();
    return run(resolved, folder(resolved), Optional.empty());
  }

  private int goOn(Path folder) {
    if (options.namesConfigs() || runDir != null) {
      throw new InputError(
          "--resume takes the configuration and the folder of the run; leave --config and --run-dir");
    }
    Path file = RunDirectory.requireRun(folder);
    ResolvedConfig resolved =
        overrides(options.overrides(new ConfigReader().withResolvedFile(file))).read();
    Resumption from = Resumption.newest(folder);
    // A run that was cut off after its last step still has to evaluate and to end in order.
    boolean mayEnd = !from.endedInOrder() && resolved.config().run().steps() == from.state().step();
    if (resolved.config().run().steps() <= from.state().step() && !mayEnd) {
      throw new InputError(
          "run "
              + folder
              + " has "
              + from.state().step()
              + " steps already; name more with --steps to go on");
    }
    return run(resolved, folder, Optional.of(from));
  }

  private int run(ResolvedConfig resolved, Path folder, Optional<Resumption> from) {
    return cluster.isEmpty()
        ? new TrainingRun(resolved, folder, from, rooms, terminal).run()
        : new ClusterTraining(resolved, folder, from.isPresent(), terminal)
            .run(reach.client(), cluster, detach);
  }

  private ConfigReader overrides(ConfigReader reader) {
    if (steps != null) {
      reader.withValue("--steps " + steps, "run.steps", steps);
    }
    if (runDir != null) {
      reader.withValue("--run-dir " + runDir, "run.dir", runDir);
    }
    return where.overrides(reader);
  }

  private static Path folder(ResolvedConfig resolved) {
    RunConfig.Run run = resolved.config().run();
    if (!run.dir().isEmpty()) {
      return Path.of(run.dir());
    }
    String name =
        run.name().isEmpty()
            ? resolved.recipe() + "-seed" + run.seed() + "-" + TIME.format(LocalDateTime.now())
            : run.name();
    return Path.of("runs", name);
  }
}
