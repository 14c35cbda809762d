package krites.app.dataset;

import java.io.PrintStream;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code krites data}: what is done with data sets. */
@Command(
    name = "data",
    description = "Looks at data sets, converts and checks them.",
    synopsisSubcommandLabel = "VERB",
    footer = {
      "",
      "Examples:",
      "  krites data inspect LLaVA-Critic-GRPO-dataset/data",
      "  krites data convert vlfeedback_80k.jsonl --out pairs.parquet",
      "  krites data check pairs.parquet --against VL-RewardBench --model Qwen2.5-VL-7B-Instruct"
    })
public final class DataCommand implements Callable<Integer> {
  @Spec private @Nullable CommandSpec spec;

  private DataCommand() {}

  /** The verb with its own verbs. */
  public static CommandLine of(PrintStream out) {
    return new CommandLine(new DataCommand())
        .addSubcommand(new DataInspectCommand(out))
        .addSubcommand(new DataConvertCommand(out))
        .addSubcommand(new DataCheckCommand(out));
  }

  @Override
  public Integer call() {
    if (spec == null) {
      throw new IllegalStateException("called without a command line");
    }
    throw new ParameterException(spec.commandLine(), "expected one of inspect, convert, check");
  }
}
