package krites.app.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.regex.Pattern;

/**
 * Reads files that have lists of sections beside their own keys, each section of a kind that a
 * resource documents, and settings of runs in {@code set}. What is wrong is one line with file,
 * line and key.
 */
final class DocumentReader {
  static final String SET = "set";

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*");

  private final KnownKeys known;
  private final KnownKeys settings = KnownKeys.load();
  private final String decider;

  /**
   * @param resource that documents the sections
   * @param decider who decides what a file may not, for messages
   */
  DocumentReader(String resource, String decider) {
    this.known = KnownKeys.load(resource);
    this.decider = decider;
  }

  /**
   * Parses a file.
   *
   * @param what the file is, for messages
   * @param read makes something of the file's name, without its ending, and its content
   * @throws ConfigError if it does not exist or cannot be parsed
   */
  static <T> T read(Path file, String what, BiFunction<String, Config, T> read) {
    if (!Files.isRegularFile(file)) {
      throw new ConfigError(what + " " + file + " does not exist");
    }
    try {
      Config config =
          ConfigFactory.parseFile(
                  file.toFile(), ConfigParseOptions.defaults().setAllowMissing(false))
              .resolve();
      return read.apply(String.valueOf(file.getFileName()).replaceFirst("\\.conf$", ""), config);
    } catch (ConfigException e) {
      throw new ConfigError(String.valueOf(e.getMessage()).replaceAll("\\s*\\R\\s*", " "), e);
    }
  }

  /** The keys of one kind of section, those that the resource does not know refused. */
  KeyReader keys(String section, Config config, String... others) {
    Config plain = config;
    for (String other : others) {
      plain = plain.withoutPath(other);
    }
    known.check(plain.atPath(section));
    return new KeyReader(plain.withFallback(known.defaults().getConfig(section)));
  }

  /**
   * What stands in {@code set}: none or one layer of settings.
   *
   * @param decided keys that may not stand there
   */
  List<Config> set(Config config, List<String> decided) {
    if (!config.hasPathOrNull(SET)) {
      return List.of();
    }
    Config set = section(config, SET);
    settings.check(set);
    requireUndecided(set, decided);
    return List.of(set);
  }

  /** A section of settings. */
  static Config section(Config config, String key) {
    ConfigValue value = config.root().get(key);
    if (value == null || value.valueType() != ConfigValueType.OBJECT) {
      throw refused(config, key, "expected settings { key = value }");
    }
    return config.getConfig(key);
  }

  void requireUndecided(Config section, List<String> decided) {
    for (String key : decided) {
      if (section.hasPath(key)) {
        throw refused(section, key, decider + " decides that; leave it out");
      }
    }
  }

  /** A list of sections; empty where the key is missing. */
  static List<Config> objects(Config config, String key) {
    if (!config.hasPathOrNull(key)) {
      return List.of();
    }
    ConfigValue value = config.root().get(key);
    boolean objects =
        value != null
            && value.valueType() == ConfigValueType.LIST
            && config.getList(key).stream()
                .allMatch(element -> element.valueType() == ConfigValueType.OBJECT);
    if (!objects) {
      throw refused(config, key, "expected a list [ { ... }, { ... } ]");
    }
    return List.copyOf(config.getConfigList(key));
  }

  /** A name that folders can have. */
  static String named(Config config, String list, String name) {
    if (!NAME.matcher(name).matches()) {
      throw new ConfigError(
          Place.of(config.root().origin())
              + ": "
              + list
              + ": expected a name of letters, digits, . _ and -, found \""
              + name
              + '"');
    }
    return name;
  }

  static void requireDifferent(Config config, String key, List<?> values) {
    Set<Object> seen = new HashSet<>();
    for (Object value : values) {
      if (!seen.add(value)) {
        throw refused(config, key, value + " stands there twice");
      }
    }
  }

  static ConfigError refused(Config config, String key, String trouble) {
    return new ConfigError(Place.of(config.getValue(key).origin()) + ": " + key + ": " + trouble);
  }
}
