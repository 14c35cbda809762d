package krites.app;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import krites.actors.NodeSettings;
import krites.app.config.NodeConfig;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How a verb's process is reached by a cluster. */
final class NodeOptions {
  @Option(
      names = "--node-config",
      paramLabel = "FILE",
      description = "Settings of this process in the cluster: address, TLS, and all of a node's.")
  private @Nullable Path file;

  @Option(
      names = "--host",
      paramLabel = "HOST",
      description = "Name or address under which the nodes reach this process. Default: 127.0.0.1.")
  private @Nullable String host;

  /** The settings with these options above them. */
  NodeConfig read(Map<String, Object> others) {
    Map<String, Object> options = new HashMap<>(others);
    if (host != null) {
      options.put("host", host);
    }
    return NodeConfig.read(
        Optional.ofNullable(file),
        options,
        version(),
        name -> Optional.ofNullable(System.getenv(name)));
  }

  /** The settings of a process that is no member and listens on any port. */
  NodeSettings client() {
    return read(Map.of("port", 0)).settings();
  }

  /** The version of this build, which every node of a cluster has. */
  static String version() {
    try {
      return new Version().getVersion()[0];
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
