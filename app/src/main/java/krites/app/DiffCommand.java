package krites.app;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import krites.app.audit.DiffReport;
import krites.app.audit.JournalDiff;
import krites.app.run.RunDirectory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code krites diff}: where two runs part. */
@Command(
    name = "diff",
    description =
        "Finds the first decision in which two runs differ, and whether weights did before.",
    footer = {
      "",
      "Settings and live changes that differ are listed first. Exit code 0 if decisions and weights are the same,",
      "1 if not, 2 if a journal is missing or damaged.",
      "",
      "Examples:",
      "  krites diff runs/a runs/b",
      "  krites diff runs/a runs/b --workers --json"
    })
final class DiffCommand implements Callable<Integer> {
  private final PrintStream out;

  @Parameters(index = "0", paramLabel = "RUN_A", description = "The folder of a run.")
  private Path first = Path.of("");

  @Parameters(index = "1", paramLabel = "RUN_B", description = "The folder of another run.")
  private Path second = Path.of("");

  @Option(names = "--workers", description = "Another worker is another decision, too.")
  private boolean workers;

  @Option(names = "--times", description = "Another time is a difference, too.")
  private boolean times;

  @Option(names = "--json", description = "Print one JSON document instead of lines.")
  private boolean json;

  DiffCommand(PrintStream out) {
    this.out = out;
  }

  @Override
  public Integer call() {
    RunDirectory.requireRun(first);
    RunDirectory.requireRun(second);
    DiffReport report =
        new JournalDiff(new JournalDiff.Strictness(workers, times)).of(first, second);
    out.println(json ? report.json() : String.join(System.lineSeparator(), report.lines()));
    return report.same() ? ExitCode.OK : ExitCode.CHECK_FAILED;
  }
}
