package krites.app;

import java.io.PrintStream;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code krites config}: what the settings are. */
@Command(
    name = "config",
    description =
        "Prints every setting with its documentation, its value and where the value came from.",
    footer = {
      "",
      "Examples:",
      "  krites config                          all keys with their defaults",
      "  krites config --config smoke           what a recipe comes to",
      "  krites config --set learner.lr=1e-4 > my.conf",
      "                                         a file to begin your own from"
    })
final class ConfigCommand implements Callable<Integer> {
  private final PrintStream out;

  @Mixin private ConfigOptions options = new ConfigOptions();

  ConfigCommand(PrintStream out) {
    this.out = out;
  }

  @Override
  public Integer call() {
    out.print(options.reader().read().text());
    return ExitCode.OK;
  }
}
