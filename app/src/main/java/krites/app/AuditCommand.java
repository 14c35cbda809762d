package krites.app;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import krites.app.audit.Audit;
import krites.app.audit.AuditReport;
import krites.app.run.RunDirectory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code krites audit}: the account of a run, proved from its journal alone. */
@Command(
    name = "audit",
    description =
        "Proves from the journal of a run that every group ended exactly once and none was too old.",
    footer = {
      "",
      "Exit code 0 if the account closes, 1 if not or if the journal was tampered with, 2 if there is no journal.",
      "A run may be audited while it goes on. docs/journal.md says what is proved and what cannot be.",
      "",
      "Examples:",
      "  krites audit runs/shapes-seed1-20260101-120000",
      "  krites audit runs/look --json"
    })
final class AuditCommand implements Callable<Integer> {
  private final PrintStream out;

  @Parameters(paramLabel = "RUN_DIR", description = "The folder of a run.")
  private Path folder = Path.of("");

  @Option(names = "--json", description = "Print one JSON document instead of lines.")
  private boolean json;

  AuditCommand(PrintStream out) {
    this.out = out;
  }

  @Override
  public Integer call() {
    RunDirectory.requireRun(folder);
    AuditReport report = Audit.of(folder);
    out.println(json ? report.json() : String.join(System.lineSeparator(), report.lines()));
    return report.closes() ? ExitCode.OK : ExitCode.CHECK_FAILED;
  }
}
