package krites.app.config;

import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import krites.grpo.flow.LiveSetting;

/**
 * The keys that may change while a run goes on, and their values under the rules of all settings.
 */
public final class LiveKeys {
  private static final Map<String, Function<RunConfig, LiveSetting>> KEYS =
      new TreeMap<>(
          Map.of(
              "async.max-staleness",
              config -> new LiveSetting.MaxStaleness(config.async().maxStaleness()),
              "learner.lr",
              config -> new LiveSetting.LearningRate(config.learner().lr()),
              "algorithm.clip-low",
              config -> new LiveSetting.ClipLow(config.algorithm().clipLow()),
              "algorithm.clip-high",
              config -> new LiveSetting.ClipHigh(config.algorithm().clipHigh()),
              "algorithm.kl-coefficient",
              config -> new LiveSetting.KlCoefficient(config.algorithm().klCoefficient()),
              "algorithm.drop-flat-groups",
              config -> new LiveSetting.DropFlatGroups(config.algorithm().dropFlatGroups()),
              "rollout.workers",
              config -> new LiveSetting.RolloutWorkers(config.rollout().workers())));

  private LiveKeys() {}

  /** The keys with their values in a configuration, as the configuration writes them. */
  public static Map<String, String> values(RunConfig config) {
    Map<String, String> values = new TreeMap<>();
    KEYS.forEach((key, setting) -> values.put(key, setting.apply(config).value()));
    return values;
  }

  /** The keys, for a person. */
  public static String names() {
    return String.join(", ", KEYS.keySet());
  }

  /**
   * A key and a value as a setting.
   *
   * @param configFile the resolved configuration of the run
   * @throws ConfigError if the key does not exist or cannot be changed, or the value is refused,
   *     alone or with the other settings of the run
   */
  public static LiveSetting setting(Path configFile, String key, String value) {
    String assignment = key + "=" + value;
    ConfigReader reader =
        new ConfigReader().withResolvedFile(configFile).withAssignment("set", assignment);
    Function<RunConfig, LiveSetting> setting = KEYS.get(key);
    if (setting == null) {
      throw new ConfigError(
          "set "
              + assignment
              + ": "
              + key
              + " cannot change while a run goes on; these can: "
              + names());
    }
    return setting.apply(reader.read().config());
  }

  /** The configuration of a run with a setting as it is now. */
  public static ResolvedConfig changed(Path configFile, LiveSetting setting) {
    return new ConfigReader()
        .withResolvedFile(configFile)
        .withAssignment("krites set", setting.key() + "=" + setting.value())
        .read();
  }
}
