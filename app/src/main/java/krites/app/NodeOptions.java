package krites.app;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import krites.actors.NodeSettings;
import picocli.CommandLine.Option;

/** How a verb's process is reached by a cluster. */
final class NodeOptions {
  @Option(
      names = "--host",
      paramLabel = "HOST",
      description = "Name or address under which the nodes reach this process. Default: 127.0.0.1.")
  private String host = "127.0.0.1";

  NodeSettings client() {
    return new NodeSettings(
        host,
        0,
        Optional.empty(),
        List.of(),
        Set.of(),
        "client",
        version(),
        NodeSettings.Downing.USUAL,
        Optional.empty());
  }

  String host() {
    return host;
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
