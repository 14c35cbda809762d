package krites.app.config;

import static krites.app.config.DocumentReader.SET;
import static krites.app.config.DocumentReader.named;
import static krites.app.config.DocumentReader.objects;
import static krites.app.config.DocumentReader.refused;
import static krites.app.config.DocumentReader.requireDifferent;
import static krites.app.config.DocumentReader.section;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.nio.file.Path;
import java.util.List;
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
  private static final String NODE = "node";
  private static final String NODES = "nodes";
  private static final String FAULTS = "faults";

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

  private final DocumentReader document = new DocumentReader("chaos.conf", "the run");

  /**
   * Reads a file.
   *
   * @throws ConfigError if it does not exist, cannot be parsed, or says something impossible
   */
  public ChaosPlan read(Path file) {
    return DocumentReader.read(file, "plan", (name, config) -> read(name, file, config));
  }

  private ChaosPlan read(String name, Path file, Config config) {
    KeyReader keys = document.keys("chaos", config, SET, NODE, NODES, FAULTS);
    List<Group> groups = objects(config, NODES).stream().map(this::group).toList();
    if (groups.isEmpty()) {
      throw new ConfigError(
          file + ": nodes: expected a list of at least one { name = ..., roles = [...] }");
    }
    requireDifferent(config, NODES, groups.stream().map(Group::name).toList());
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
            atLeast(0, keys, config, "steps-after"),
            atLeast(0, keys, config, "baseline-steps"),
            atLeast(1, keys, config, "minutes-max"));
    double share = keys.doubleAt("goodput-share-min");
    if (!(share >= 0 && share <= 1)) {
      throw refused(config, "goodput-share-min", "expected 0 to 1, found " + share);
    }
    return new ChaosPlan(
        name,
        keys.longAt("seed"),
        new ChaosPlan.Job(keys.textsAt("config"), document.set(config, DECIDED)),
        node(config),
        times,
        atLeast(HEAP_MIB_MIN, keys, config, "heap-mib"),
        share,
        groups,
        faults);
  }

  private Group group(Config group) {
    KeyReader keys = document.keys("group", group);
    String name = named(group, NODES, keys.textAt("name"));
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
    KeyReader keys = document.keys("fault", fault);
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
        atLeast(keys.intAt("seconds-min"), keys, fault, "seconds-max"),
        atLeast(1, keys, fault, "delay-millis"));
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

  private Config node(Config config) {
    if (!config.hasPathOrNull(NODE)) {
      return ConfigFactory.empty();
    }
    Config node = section(config, NODE);
    KnownKeys.load("node.conf").check(node.atPath(NODE));
    document.requireUndecided(node, NODE_DECIDED);
    return node;
  }
}
