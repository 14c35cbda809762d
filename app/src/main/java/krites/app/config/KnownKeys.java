package krites.app.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The keys of a file of defaults, {@code krites.conf} or {@code node.conf}: their order, defaults
 * and documentation. A key that is not there does not exist.
 *
 * @param defaults the parsed file
 * @param keys each key (a full path) with its documentation, in the order of the file
 * @param sections full paths of the objects that hold keys
 */
record KnownKeys(Config defaults, Map<String, String> keys, Set<String> sections) {
  /** Those of a run. */
  static KnownKeys load() {
    return load("krites.conf");
  }

  /** Those of a resource. */
  static KnownKeys load(String resource) {
    Config defaults =
        ConfigFactory.parseResources(
            KnownKeys.class.getClassLoader(),
            resource,
            ConfigParseOptions.defaults().setAllowMissing(false));
    Map<String, String> keys = new LinkedHashMap<>();
    Set<String> sections = new LinkedHashSet<>();
    collect("", defaults.root(), keys, sections);
    return new KnownKeys(defaults, keys, sections);
  }

  private static void collect(
      String prefix, ConfigObject object, Map<String, String> keys, Set<String> sections) {
    List<Map.Entry<String, ConfigValue>> inFileOrder =
        object.entrySet().stream()
            .sorted(Comparator.comparingInt(entry -> entry.getValue().origin().lineNumber()))
            .toList();
    for (Map.Entry<String, ConfigValue> entry : inFileOrder) {
      String path = prefix + entry.getKey();
      if (entry.getValue() instanceof ConfigObject section) {
        sections.add(path);
        collect(path + ".", section, keys, sections);
      } else {
        keys.put(
            path,
            String.join(
                " ", entry.getValue().origin().comments().stream().map(String::strip).toList()));
      }
    }
  }

  /**
   * Refuses keys that do not exist.
   *
   * @throws ConfigError naming the first one, its place and the nearest known key
   */
  void check(Config layer) {
    check("", layer.root());
  }

  private void check(String prefix, ConfigObject object) {
    for (Map.Entry<String, ConfigValue> entry : object.entrySet()) {
      String path = prefix + entry.getKey();
      ConfigValue value = entry.getValue();
      boolean isSection = value.valueType() == ConfigValueType.OBJECT;
      if (sections.contains(path) && isSection) {
        check(path + ".", (ConfigObject) value);
      } else if (sections.contains(path)) {
        throw error(value, path + ": expected a section { ... }, found " + Place.shown(value));
      } else if (!keys.containsKey(path)) {
        throw unknown(path, value);
      } else if (isSection) {
        throw error(value, path + ": expected a value, found a section { ... }");
      } else if (value.valueType() == ConfigValueType.NULL) {
        throw error(
            value, path + ": expected a value, found null; leave the line out for the default");
      }
    }
  }

  /** Names the first key inside a section that does not exist, since a section has no place. */
  private ConfigError unknown(String path, ConfigValue value) {
    if (value instanceof ConfigObject section && !section.isEmpty()) {
      Map.Entry<String, ConfigValue> first = section.entrySet().iterator().next();
      return unknown(path + "." + first.getKey(), first.getValue());
    }
    return error(
        value,
        "unknown key "
            + path
            + "; the nearest known key is "
            + NearestName.of(path, keys.keySet()));
  }

  private static ConfigError error(ConfigValue value, String trouble) {
    return new ConfigError(Place.of(value.origin()) + ": " + trouble);
  }
}
