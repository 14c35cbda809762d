package krites.app;

import java.io.PrintStream;
import java.util.concurrent.Callable;
import krites.app.bench.BenchLearnerCommand;
import krites.app.bench.BenchRolloutCommand;
import krites.app.bench.BenchWeightsCommand;
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
    footer = {
      "",
      "Examples:",
      "  krites bench rollout --shape 0.5b --batch 8",
      "  krites bench learner --shape 0.5b --layers 4",
      "  krites bench load --model Qwen2.5-VL-3B-Instruct --json"
    })
final class BenchCommand implements Callable<Integer> {
  @Spec private @Nullable CommandSpec spec;

  private BenchCommand() {}

  /** The verb with its own verbs. */
  static CommandLine of(PrintStream out, PrintStream err) {
    return new CommandLine(new BenchCommand())
        .addSubcommand(new BenchRolloutCommand(out, err))
        .addSubcommand(new BenchLearnerCommand(out, err))
        .addSubcommand(new BenchWeightsCommand(out))
        .addSubcommand(new BenchLoadCommand(out));
  }

  @Override
  public Integer call() {
    if (spec == null) {
      throw new IllegalStateException("called without a command line");
    }
    throw new ParameterException(
        spec.commandLine(), "expected one of rollout, learner, weights, load");
  }
}
