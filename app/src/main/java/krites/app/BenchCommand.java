package krites.app;

import java.io.PrintStream;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code krites bench}: measurements that a user can repeat. */
@Command(
    name = "bench",
    description = "Measures parts of the work on this machine.",
    synopsisSubcommandLabel = "PART",
    footer = {"", "Examples:", "  krites bench load --model Qwen2.5-VL-3B-Instruct --json"})
final class BenchCommand implements Callable<Integer> {
  @Spec private @Nullable CommandSpec spec;

  private BenchCommand() {}

  /** The verb with its own verbs. */
  static CommandLine of(PrintStream out) {
    return new CommandLine(new BenchCommand()).addSubcommand(new BenchLoadCommand(out));
  }

  @Override
  public Integer call() {
    if (spec == null) {
      throw new IllegalStateException("called without a command line");
    }
    throw new ParameterException(spec.commandLine(), "expected one of load");
  }
}
