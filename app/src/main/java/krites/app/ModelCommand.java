package krites.app;

import java.io.PrintStream;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code krites model}: what is done with model directories. */
@Command(
    name = "model",
    description = "Looks at model directories, makes and exports them.",
    synopsisSubcommandLabel = "VERB",
    footer = {
      "",
      "Examples:",
      "  krites model info Qwen2.5-VL-7B-Instruct --hash",
      "  krites model export runs/look --out critic-7b",
      "  krites model init --like Qwen2.5-VL-3B-Instruct --out random-3b --seed 1"
    })
final class ModelCommand implements Callable<Integer> {
  @Spec private @Nullable CommandSpec spec;

  private ModelCommand() {}

  /** The verb with its own verbs. */
  static CommandLine of(PrintStream out) {
    return new CommandLine(new ModelCommand())
        .addSubcommand(new ModelInfoCommand(out))
        .addSubcommand(new ModelExportCommand(out))
        .addSubcommand(new ModelInitCommand(out));
  }

  @Override
  public Integer call() {
    if (spec == null) {
      throw new IllegalStateException("called without a command line");
    }
    throw new ParameterException(spec.commandLine(), "expected one of info, export, init");
  }
}
