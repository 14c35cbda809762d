package krites.app.chaos;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import krites.app.ExitCode;
import krites.app.InputError;
import krites.app.Interrupts;
import krites.app.RunFailed;
import krites.app.config.ChaosPlan;
import krites.app.config.ChaosPlanReader;
import krites.app.display.Terminal;
import krites.app.run.RunDirectory;
import krites.app.run.RunFileException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code krites chaos}: a job under a seeded plan of faults, and what held. */
@Command(
    name = "chaos",
    description =
        "Runs a job on several processes of this machine under a seeded plan of faults, and says what held.",
    footer = {
      "",
      "Exit code 0 if all checks hold, 1 if not, 3 if it could not run. Ctrl-C ends all processes.",
      "docs/chaos.md explains plans and reports.",
      "",
      "Examples:",
      "  krites chaos --plan cluster-conf/examples/chaos/short.conf --dry-run",
      "  krites chaos --plan cluster-conf/examples/chaos/short.conf --baseline",
      "  krites chaos --plan my.conf --compare chaos/short/without-faults/run --out chaos/again"
    })
public final class ChaosCommand implements Callable<Integer> {
  private final Terminal terminal;
  private volatile boolean stopping;

  @Option(
      names = "--plan",
      paramLabel = "FILE",
      required = true,
      description = "The plan, such as cluster-conf/examples/chaos/*.conf.")
  private Path file = Path.of("");

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description =
          "Folder of the run, of what the processes say and of the report. Default: chaos/, the plan's name.")
  private @Nullable Path directory;

  @Option(names = "--baseline", description = "Runs the job without faults first, to compare with.")
  private boolean baseline;

  @Option(
      names = "--compare",
      paramLabel = "RUN_DIR",
      description = "The run of the same plan without faults, from an earlier --baseline.")
  private @Nullable Path compare;

  @Option(names = "--dry-run", description = "Prints the faults of the plan, and starts nothing.")
  private boolean dryRun;

  public ChaosCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws InterruptedException {
    ChaosPlan plan = new ChaosPlanReader().read(file);
    plan.job().resolve(); // what is wrong with the job is told before anything starts
    List<PlannedFault> schedule = Schedule.of(plan);
    if (dryRun) {
      schedule.forEach(this::list);
      return ExitCode.OK;
    }
    if (baseline && compare != null) {
      throw new InputError("--baseline makes a run to compare with; leave --compare");
    }
    if (compare != null) {
      RunDirectory.requireRun(compare);
    }
    Path folder = directory != null ? directory : Path.of("chaos").resolve(plan.name());
    Path without = folder.resolve("without-faults");
    requireNew(folder);
    try (Interrupts _ = Interrupts.listen(() -> stopping = true)) {
      return run(plan, schedule, folder.toAbsolutePath(), without.toAbsolutePath());
    } catch (RunFileException e) {
      throw new RunFailed(String.valueOf(e.getMessage()));
    }
  }

  private int run(ChaosPlan plan, List<PlannedFault> schedule, Path folder, Path without)
      throws InterruptedException {
    Optional<Path> comparedWith = Optional.ofNullable(compare);
    if (baseline) {
      terminal.out().println("without faults");
      ChaosPlan faultless = plan.withoutFaults();
      Optional<Outcome> outcome = run(faultless, List.of(), without);
      if (outcome.isEmpty()) {
        return ExitCode.INTERRUPTED;
      }
      int wanted = faultless.times().stepsAfter() > 0 ? ExitCode.INTERRUPTED : ExitCode.OK;
      if (!outcome.get().exitCode().equals(Optional.of(wanted))) {
        throw new RunFailed(
            "without faults the job did not end well; "
                + without.resolve("train.log")
                + " says why");
      }
      comparedWith = Optional.of(outcome.get().run());
    }
    terminal.out().println(schedule.size() + " faults, seed " + plan.seed());
    Optional<Outcome> outcome = run(plan, schedule, folder);
    if (outcome.isEmpty()) {
      return ExitCode.INTERRUPTED;
    }
    ChaosReport report = ChaosReport.of(plan, schedule, outcome.get(), comparedWith);
    report.write(folder);
    report.lines().forEach(terminal.out()::println);
    terminal.out().println("      report " + folder.resolve(ChaosReport.TABLE));
    return report.holds() ? ExitCode.OK : ExitCode.CHECK_FAILED;
  }

  private Optional<Outcome> run(ChaosPlan plan, List<PlannedFault> schedule, Path folder)
      throws InterruptedException {
    try (ChaosRun run = new ChaosRun(plan, schedule, folder, terminal, () -> stopping)) {
      return run.run();
    }
  }

  private void requireNew(Path folder) {
    for (Path run :
        List.of(ChaosRun.runFolder(folder), ChaosRun.runFolder(folder.resolve("without-faults")))) {
      if (Files.exists(run)) {
        throw new InputError(run + " holds a run already; name another folder with --out");
      }
    }
  }

  private void list(PlannedFault fault) {
    terminal
        .out()
        .println(
            String.format(
                Locale.ROOT,
                "%3d %8.1f s  %-12s %s",
                fault.number(),
                fault.offsetMillis() / 1e3,
                fault.words(),
                fault.process()));
  }
}
