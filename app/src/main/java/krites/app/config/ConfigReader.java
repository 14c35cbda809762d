package krites.app.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import com.typesafe.config.ConfigValueType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Turns layers of HOCON into one validated {@link RunConfig}.
 *
 * <p>Layers, the later wins: {@code krites.conf}, a recipe ({@value Recipes#DEFAULT} unless one is
 * named), files, and assignments. Errors name the place of the value and the key.
 */
public final class ConfigReader {
  private final KnownKeys known;
  private final List<Config> layers = new ArrayList<>();
  private String recipe = "";

  public ConfigReader() {
    known = KnownKeys.load();
  }

  /**
   * Adds the configurations of {@code --config}: names of recipes and paths of files, in order.
   *
   * @throws ConfigError if one does not exist, cannot be parsed or has an unknown key
   */
  public ConfigReader withConfigs(List<String> namesOrFiles) {
    if (namesOrFiles.stream().noneMatch(Recipes.names()::contains)) {
      addRecipe(Recipes.DEFAULT);
    }
    return withMoreConfigs(namesOrFiles);
  }

  /**
   * Adds further configurations above others.
   *
   * @throws ConfigError as {@link #withConfigs}
   */
  public ConfigReader withMoreConfigs(List<String> namesOrFiles) {
    for (String nameOrFile : namesOrFiles) {
      if (Recipes.names().contains(nameOrFile)) {
        addRecipe(nameOrFile);
      } else {
        addFile(nameOrFile);
      }
    }
    return this;
  }

  /**
   * Adds a file written by {@link ResolvedConfig#text}, which needs no recipe below it.
   *
   * @throws ConfigError as {@link #withConfigs}
   */
  public ConfigReader withResolvedFile(Path file) {
    addFile(file.toString());
    return this;
  }

  /**
   * Adds a text written by {@link ResolvedConfig#text}, as it comes from another process.
   *
   * @param origin what messages call its place
   * @throws ConfigError as {@link #withConfigs}
   */
  public ConfigReader withResolvedText(String origin, String text) {
    try {
      addLayer(
          ConfigFactory.parseString(
              text, ConfigParseOptions.defaults().setOriginDescription(origin)));
    } catch (ConfigException e) {
      throw new ConfigError(oneLine(String.valueOf(e.getMessage())), e);
    }
    return this;
  }

  /**
   * Adds settings that stand in another file, such as the overrides of an experiment; messages name
   * the place of each value there.
   *
   * @throws ConfigError as {@link #withConfigs}
   */
  public ConfigReader withSettings(Config settings) {
    addLayer(settings);
    return this;
  }

  /**
   * Adds one assignment, {@code key=value}.
   *
   * @param option how the user wrote it, for messages: {@code --set} or {@code --seed}
   * @throws ConfigError if it is not an assignment or the key is unknown
   */
  public ConfigReader withAssignment(String option, String assignment) {
    int equals = assignment.indexOf('=');
    if (equals < 1) {
      throw new ConfigError(option + " " + assignment + ": expected key=value");
    }
    return withValue(
        option + " " + assignment,
        assignment.substring(0, equals).strip(),
        assignment.substring(equals + 1).strip());
  }

  /** Adds the value of one key; {@code origin} is what messages call its place. */
  public ConfigReader withValue(String origin, String key, String value) {
    Config layer;
    try {
      layer = ConfigFactory.empty().withValue(key, assigned(origin, key, value));
    } catch (ConfigException.BadPath e) {
      throw new ConfigError(origin + ": " + key + " is not a key", e);
    }
    addLayer(layer);
    return this;
  }

  /**
   * Has everything computed on some devices, whatever the layers below say of single parts.
   *
   * @param devices at least one; the learner takes the first
   */
  public ConfigReader withDevices(String origin, List<String> devices) {
    return withValue(origin, "rollout.devices", "[\"" + String.join("\", \"", devices) + "\"]")
        .withValue(origin, "eval.devices", "[]")
        .withValue(origin, "learner.device", devices.getFirst())
        .withValue(origin, "learner.member-devices", "[]");
  }

  /**
   * Resolves the layers.
   *
   * @throws ConfigError naming place, key, expectation and the value found
   */
  public ResolvedConfig read() {
    Config merged = known.defaults();
    for (Config layer : layers) {
      merged = layer.withFallback(merged);
    }
    KeyReader keys = new KeyReader(merged);
    try {
      return new ResolvedConfig(
          recipe, new RunConfigParser(keys).parse(), merged, known, keys.consumed());
    } catch (InvalidSetting e) {
      throw new ConfigError(Place.of(merged.getValue(e.key()).origin()) + ": " + e.getMessage(), e);
    }
  }

  private void addRecipe(String name) {
    recipe = name;
    addLayer(
        ConfigFactory.parseResources(
            ConfigReader.class.getClassLoader(),
            Recipes.resource(name),
            ConfigParseOptions.defaults().setAllowMissing(false)));
  }

  private void addFile(String name) {
    Path file = Path.of(name);
    if (!Files.isRegularFile(file)) {
      boolean looksLikeFile = name.endsWith(".conf") || name.contains("/");
      throw new ConfigError(
          looksLikeFile
              ? "configuration file " + name + " does not exist"
              : "no recipe or file is named "
                  + name
                  + "; recipes are "
                  + String.join(", ", Recipes.names())
                  + "; the nearest is "
                  + NearestName.of(name, Recipes.names()));
    }
    if (!Files.isReadable(file)) {
      throw new ConfigError("configuration file " + name + " cannot be read");
    }
    try {
      addLayer(
          ConfigFactory.parseFile(
              file.toFile(), ConfigParseOptions.defaults().setAllowMissing(false)));
    } catch (ConfigException e) {
      throw new ConfigError(oneLine(String.valueOf(e.getMessage())), e);
    }
  }

  private void addLayer(Config layer) {
    Config resolved;
    try {
      resolved = layer.resolveWith(layer.withFallback(known.defaults()));
    } catch (ConfigException e) {
      throw new ConfigError(oneLine(String.valueOf(e.getMessage())), e);
    }
    known.check(resolved);
    layers.add(resolved);
  }

  /**
   * Text stays as typed where the default is text; elsewhere it is read as HOCON, and as text when
   * that fails.
   */
  private ConfigValue assigned(String origin, String key, String value) {
    boolean isText =
        known.keys().containsKey(key)
            && known.defaults().getValue(key).valueType() == ConfigValueType.STRING;
    if (!isText) {
      try {
        Config parsed =
            ConfigFactory.parseString(
                "value = " + value, ConfigParseOptions.defaults().setOriginDescription(origin));
        return Objects.requireNonNull(parsed.root().get("value"), origin);
      } catch (ConfigException e) {
        return ConfigValueFactory.fromAnyRef(value, origin);
      }
    }
    return ConfigValueFactory.fromAnyRef(value, origin);
  }

  private static String oneLine(String message) {
    return message.replaceAll("\\s*\\R\\s*", " ");
  }
}
