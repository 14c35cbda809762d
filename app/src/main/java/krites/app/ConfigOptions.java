package krites.app;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import krites.app.config.ConfigReader;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that choose and change settings, shared by several verbs. */
final class ConfigOptions {
  @Option(
      names = "--config",
      paramLabel = "NAME|FILE",
      description =
          "A shipped recipe by name (shapes, smoke, policy-only, mixed, cold-start, control-shuffled-labels,"
              + " control-format-only, base-skills, base-habits, llava-critic-r1-7b) or a HOCON file laid over it. Repeatable, the later wins. Default: shapes.")
  private List<String> configs = new ArrayList<>();

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "Sets one key, above all files. Repeatable. `krites config` prints all keys.")
  private List<String> assignments = new ArrayList<>();

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Seed of the run; the same as --set run.seed=N.")
  private @Nullable String seed;

  boolean namesConfigs() {
    return !configs.isEmpty();
  }

  Optional<String> seed() {
    return Optional.ofNullable(seed);
  }

  /** Layers for a new run. */
  ConfigReader reader() {
    return overrides(new ConfigReader().withConfigs(configs));
  }

  /** Adds {@code --set} and the like above whatever lies below. */
  ConfigReader overrides(ConfigReader reader) {
    for (String assignment : assignments) {
      reader.withAssignment("--set", assignment);
    }
    seed().ifPresent(value -> reader.withValue("--seed " + value, "run.seed", value));
    return reader;
  }
}
