package krites.app;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import krites.app.conformance.ConformanceCheck;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code krites conformance}: golden cases of the reference implementations, run against this one.
 */
@Command(
    name = "conformance",
    description =
        "Runs every golden case found in a directory and compares each tensor with the reference.",
    footer = {
      "",
      "Each line: pass or FAIL, folder, case, tensor, largest absolute difference, tolerance.",
      "Failures are repeated last. Exit code 1 if any failed, 2 if the directory holds no cases.",
      "",
      "Examples:",
      "  krites conformance golden",
      "  krites conformance golden --only preprocess --json > report.json"
    })
final class ConformanceCommand implements Callable<Integer> {
  private final PrintStream out;
  private final List<ConformanceCheck> checks;

  @Parameters(paramLabel = "DIR", description = "A directory laid out like the golden data.")
  private Path directory = Path.of("");

  @Option(names = "--json", description = "Print one JSON document instead of lines.")
  private boolean json;

  @Option(
      names = "--only",
      paramLabel = "FOLDER",
      description = "Run only the checks of this folder.")
  private String only = "";

  ConformanceCommand(PrintStream out, List<ConformanceCheck> checks) {
    this.out = out;
    this.checks = checks;
  }

  @Override
  public Integer call() throws IOException {
    List<ConformanceCheck> applicable = applicable();
    ConformanceReport report =
        json ? ConformanceReport.collecting() : ConformanceReport.printing(out);
    for (ConformanceCheck check : applicable) {
      check.run(directory, report::add);
    }
    out.println(
        json ? report.json(directory) : String.join(System.lineSeparator(), report.closing()));
    return report.failed() == 0 && report.passed() > 0 ? ExitCode.OK : ExitCode.CHECK_FAILED;
  }

  private List<ConformanceCheck> applicable() {
    if (!Files.isDirectory(directory)) {
      throw new InputError("directory " + directory + " does not exist");
    }
    List<String> names = checks.stream().map(ConformanceCheck::name).toList();
    if (!only.isEmpty() && !names.contains(only)) {
      throw new InputError("--only " + only + ": expected one of " + String.join(", ", names));
    }
    List<ConformanceCheck> applicable =
        checks.stream()
            .filter(check -> only.isEmpty() || check.name().equals(only))
            .filter(check -> check.appliesTo(directory))
            .toList();
    if (applicable.isEmpty()) {
      throw new InputError(
          "directory "
              + directory
              + " holds no golden cases; expected folders such as "
              + String.join(", ", names));
    }
    return applicable;
  }
}
