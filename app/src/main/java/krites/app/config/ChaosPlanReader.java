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
import java.util.regex.Pattern;
import krites.actors.NodeSettings;
import krites.app.config.ChaosPlan.Fault;
import krites.app.config.ChaosPlan.Group;
import krites.app.config.ChaosPlan.Kind;

/**
 * Reads plans of faults: HOCON with the keys of {@code chaos.conf}, within {@code set} those of
 * {@code krites.conf}, within {@code node} those of {@code node.conf}. Errors name the file, the
 * line and the key.
 */
public final class ChaosPlanReader {
  private static final String SET = "set";
  private static final String NODE = "node";
  private static final String NODES = "nodes";
  private static final String FAULTS = "faults";
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*");

  /** All loopback addresses of two networks are given out by one number each. */
  private static final int NODES_MAX = 100;

  private static final int HEAP_MIB_MIN = 64;

  private static final List<String> DECIDED = List.of("run.dir", "run.name");

  private static final List<String> NODE_DECIDED =
      List.of(
          "host",
          "bind",
          "port",
          "seeds",
          "roles",
          "cluster",
          "health",
          "tls",
          "weights.port",
          "weights.folder");

  private final KnownKeys known = KnownKeys.load("chaos.conf");

  /**
   * Reads a file.
   *
   * @throws ConfigError if it does not exist, cannot be parsed, or says something impossible
   */
  public ChaosPlan read(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new ConfigError("plan " + file + " does not exist");
    }
    try {
      Config config =
          ConfigFactory.parseFile(
                  file.toFile(), ConfigParseOptions.defaults().setAllowMissing(false))
              .resolve();
      return read(String.valueOf(file.getFileName()).replaceFirst("\\.conf$", ""), file, config);
    } catch (ConfigException e) {
      throw new ConfigError(String.valueOf(e.getMessage()).replaceAll("\\s*\\R\\s*", " "), e);
    }
  }

  private ChaosPlan read(String name, Path file, Config config) {
    KeyReader keys = keys("chaos", config, SET, NODE, NODES, FAULTS);
    List<Group> groups = objects(config, NODES).stream().map(this::group).toList();
    if (groups.isEmpty()) {
      throw new ConfigError(
          file + ": nodes: expected a list of at least one { name = ..., roles = [...] }");
    }
    Set<String> names = new HashSet<>();
    for (Group group : groups) {
      if (!names.add(group.name())) {
        throw refused(config, NODES, group.name() + " stands there twice");
      }
    }
    int processes = groups.stream().mapToInt(Group::count).sum();
    if (processes > NODES_MAX) {
      throw refused(
          config, NODES, "expected at most " + NODES_MAX + " processes, found " + processes);
    }
    requireRoles(config, groups);
    List<Fault> faults =
        objects(config, FAULTS).stream().map(fault -> fault(fault, groups)).toList();
    var times =
        new ChaosPlan.Times(
            atLeast(0, keys, config, "quiet-seconds"),
            atLeast(1, keys, config, "interval-seconds-min"),
            atLeast(keys.intAt("interval-seconds-min"), keys, config, "interval-seconds-max"),
            atLeast(0, keys, config, "restart-seconds"),
            atLeast(1, keys, config, "minutes-max"));
    double share = keys.doubleAt("goodput-share-min");
    if (!(share >= 0 && share <= 1)) {
      throw refused(config, "goodput-share-min", "expected 0 to 1, found " + share);
    }
    return new ChaosPlan(
        name,
        keys.longAt("seed"),
        new ChaosPlan.Job(keys.textsAt("config"), set(config)),
        node(config),
        times,
        atLeast(HEAP_MIB_MIN, keys, config, "heap-mib"),
        share,
        groups,
        faults);
  }

  private Group group(Config group) {
    KeyReader keys = keys("group", group);
    String name = keys.textAt("name");
    if (!NAME.matcher(name).matches()) {
      throw new ConfigError(
          Place.of(group.root().origin())
              + ": nodes: expected a name of letters, digits, . _ and -, found \""
              + name
              + '"');
    }
    List<String> roles = keys.listedTextsAt("roles");
    for (String role : roles) {
      if (!NodeSettings.ROLES.contains(role)) {
        throw refused(
            group,
            "roles",
            "role " + role + " does not exist; roles are " + String.join(", ", NodeSettings.ROLES));
      }
    }
    if (roles.isEmpty()) {
      throw new ConfigError(
          Place.of(group.root().origin()) + ": roles: expected at least one for " + name);
    }
    return new Group(name, atLeast(1, keys, group, "count"), roles);
  }

  private static void requireRoles(Config config, List<Group> groups) {
    for (String role : NodeSettings.ROLES) {
      if (!role.equals("voter") && groups.stream().noneMatch(g -> g.roles().contains(role))) {
        throw refused(config, NODES, "no group has the role " + role);
      }
    }
  }

  private Fault fault(Config fault, List<Group> groups) {
    KeyReader keys = keys("fault", fault);
    List<String> names = groups.stream().map(Group::name).toList();
    List<String> hit = keys.textsAt("groups");
    for (String name : hit) {
      if (!names.contains(name)) {
        throw refused(fault, "groups", "no group is named " + name + "; there are " + names);
      }
    }
    return new Fault(
        keys.choiceAt("kind", Kind.class),
        hit.isEmpty() ? names : hit,
        atLeast(1, keys, fault, "count"),
        atLeast(1, keys, fault, "seconds-min"),
        atLeast(keys.intAt("seconds-min"), keys, fault, "seconds-max"));
  }

  private static int atLeast(int least, KeyReader keys, Config config, String key) {
    int value = keys.intAt(key);
    if (value < least) {
      String trouble = "expected at least " + least + ", found " + value;
      throw config.hasPath(key)
          ? refused(config, key, trouble)
          : new ConfigError(Place.of(config.root().origin()) + ": " + key + ": " + trouble);
    }
    return value;
  }

  /** The keys of one section of {@code chaos.conf}, those that it does not know refused. */
  private KeyReader keys(String section, Config config, String... others) {
    Config plain = config;
    for (String other : others) {
      plain = plain.withoutPath(other);
    }
    known.check(plain.atPath(section));
    return new KeyReader(plain.withFallback(known.defaults().getConfig(section)));
  }

  /** What stands in {@code set}: none or one layer of settings. */
  private static List<Config> set(Config config) {
    if (!config.hasPathOrNull(SET)) {
      return List.of();
    }
    Config set = section(config, SET);
    KnownKeys.load().check(set);
    requireUndecided(set, DECIDED);
    return List.of(set);
  }

  private static Config node(Config config) {
    if (!config.hasPathOrNull(NODE)) {
      return ConfigFactory.empty();
    }
    Config node = section(config, NODE);
    KnownKeys.load("node.conf").check(node.atPath(NODE));
    requireUndecided(node, NODE_DECIDED);
    return node;
  }

  private static Config section(Config config, String key) {
    ConfigValue value = config.root().get(key);
    if (value == null || value.valueType() != ConfigValueType.OBJECT) {
      throw refused(config, key, "expected settings { key = value }");
    }
    return config.getConfig(key);
  }

  private static void requireUndecided(Config settings, List<String> decided) {
    for (String key : decided) {
      if (settings.hasPath(key)) {
        throw refused(settings, key, "the run decides that; leave it out");
      }
    }
  }

  private static List<Config> objects(Config config, String key) {
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

  private static ConfigError refused(Config config, String key, String trouble) {
    return new ConfigError(Place.of(config.getValue(key).origin()) + ": " + key + ": " + trouble);
  }
}
