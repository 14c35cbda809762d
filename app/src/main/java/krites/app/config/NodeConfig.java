package krites.app.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigValueFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import krites.actors.NodeSettings;

/**
 * The settings of a node, from {@code node.conf}, a file over it, and options above both.
 *
 * @param settings how it takes part in the cluster
 * @param devices of the node; empty leaves those of the job
 * @param allowPlain whether it may listen beyond loopback without TLS
 * @param health where it answers over HTTP
 * @param learnerPort where its member of a learner listens; 0 for a free one
 * @param weights how weights travel; empty where all nodes read the files of the job's folder
 */
public record NodeConfig(
    NodeSettings settings,
    List<String> devices,
    boolean allowPlain,
    Health health,
    int learnerPort,
    Optional<Weights> weights) {
  private static final String RESOURCE = "node.conf";
  private static final int LAST_PORT = 65_535;

  /**
   * How weights come to nodes that do not see the job's folder.
   *
   * @param folder below which a node keeps copies
   * @param port 0 for free ones
   * @param deltas whether what changed is offered too
   */
  public record Weights(Path folder, int port, boolean deltas) {}

  /**
   * Where a node answers questions about its health.
   *
   * @param port 0 for nowhere
   * @param token that the list of members wants; empty leaves it out
   */
  public record Health(String host, int port, Optional<String> token) {}

  /**
   * Reads the layers.
   *
   * @param file over the defaults
   * @param options values of keys below {@code node}, which win
   * @param version of this build
   * @param environment values of environment variables
   * @throws ConfigError naming the key and what was expected
   */
  public static NodeConfig read(
      Optional<Path> file,
      Map<String, Object> options,
      String version,
      Function<String, Optional<String>> environment) {
    KnownKeys known = KnownKeys.load(RESOURCE);
    Config own = file.map(NodeConfig::parse).orElse(ConfigFactory.empty());
    known.check(own);
    Config merged = own.withFallback(known.defaults());
    for (Map.Entry<String, Object> option : options.entrySet()) {
      merged =
          merged.withValue(
              "node." + option.getKey(),
              ConfigValueFactory.fromAnyRef(option.getValue(), "--" + option.getKey()));
    }
    try {
      return of(merged.getConfig("node"), version, environment);
    } catch (ConfigException e) {
      throw new ConfigError(oneLine(e), e);
    } catch (IllegalArgumentException e) {
      throw new ConfigError("node: " + oneLine(e), e);
    }
  }

  private static NodeConfig of(
      Config node, String version, Function<String, Optional<String>> environment) {
    String bind = node.getString("bind");
    var downing =
        new NodeSettings.Downing(
            node.getInt("quorum"),
            seconds(node, "heartbeat-pause-seconds"),
            seconds(node, "worker-unreachable-seconds"),
            seconds(node, "voter-unreachable-seconds"),
            seconds(node, "no-quorum-seconds"),
            node.getBoolean("refused-means-ended"));
    var settings =
        new NodeSettings(
            node.getString("host"),
            port(node, "node.port", LAST_PORT),
            bind.isEmpty() ? Optional.empty() : Optional.of(bind),
            node.getStringList("seeds"),
            Set.copyOf(node.getStringList("roles")),
            node.getString("cluster"),
            version,
            downing,
            tls(node.getConfig("tls"), environment));
    Config health = node.getConfig("health");
    return new NodeConfig(
        settings,
        node.getStringList("devices"),
        node.getBoolean("allow-plain"),
        new Health(
            health.getString("host"),
            port(health, "node.health.port", LAST_PORT),
            environment.apply(health.getString("token-from"))),
        port(node, "node.learner-port", LAST_PORT),
        weights(node.getConfig("weights")));
  }

  private static Optional<Weights> weights(Config weights) {
    String plane = weights.getString("plane");
    if (plane.equals("files")) {
      return Optional.empty();
    }
    if (!plane.equals("bulk")) {
      throw new ConfigError("node.weights.plane: expected files or bulk, found \"" + plane + "\"");
    }
    String folder = weights.getString("folder");
    return Optional.of(
        new Weights(
            Path.of(folder.isEmpty() ? System.getProperty("java.io.tmpdir") : folder),
            port(weights, "node.weights.port", LAST_PORT - 1), // the next one is taken too
            weights.getBoolean("deltas")));
  }

  private static Optional<NodeSettings.Tls> tls(
      Config tls, Function<String, Optional<String>> environment) {
    String keyStore = tls.getString("key-store");
    if (keyStore.isEmpty()) {
      return Optional.empty();
    }
    Path keys = Path.of(keyStore);
    Path trust = Path.of(tls.getString("trust-store"));
    for (Path store : List.of(keys, trust)) {
      if (!Files.isRegularFile(store)) {
        throw new ConfigError("node.tls: the store '" + store + "' does not exist");
      }
    }
    String variable = tls.getString("password-from");
    String password =
        environment
            .apply(variable)
            .orElseThrow(
                () ->
                    new ConfigError("node.tls.password-from: the environment has no " + variable));
    return Optional.of(new NodeSettings.Tls(keys, trust, password));
  }

  /** The port of a section, under its whole key. */
  private static int port(Config section, String key, int last) {
    int port = section.getInt(key.substring(key.lastIndexOf('.') + 1));
    if (port < 0 || port > last) {
      throw new ConfigError(key + ": expected 0 to " + last + ", found " + port);
    }
    return port;
  }

  private static Duration seconds(Config node, String key) {
    int seconds = node.getInt(key);
    if (seconds < 1) {
      throw new ConfigError("node." + key + ": expected at least 1, found " + seconds);
    }
    return Duration.ofSeconds(seconds);
  }

  private static Config parse(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new ConfigError("configuration file " + file + " does not exist");
    }
    try {
      return ConfigFactory.parseFile(file.toFile()).resolve();
    } catch (ConfigException e) {
      throw new ConfigError(oneLine(e), e);
    }
  }

  private static String oneLine(RuntimeException e) {
    return String.valueOf(e.getMessage()).replaceAll("\\s*\\R\\s*", " ");
  }
}
