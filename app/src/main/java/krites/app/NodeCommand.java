package krites.app;

import com.typesafe.config.ConfigFactory;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import krites.actors.KritesNode;
import krites.actors.NodeSettings;
import krites.app.config.NodeConfig;
import krites.app.weights.MemberPlanes;
import krites.app.weights.WeightPlane;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code krites node}: one process of a cluster. */
@Command(
    name = "node",
    description =
        "Starts a node of a cluster, which takes its part of the jobs that are submitted.",
    footer = {
      "",
      "Ctrl-C or SIGTERM: what it holds is handed back, then it leaves. See docs/cluster.md.",
      "",
      "Examples:",
      "  krites node --roles orchestrator,params,learner,reward --port 7400 --seed-node 127.0.0.1:7400",
      "  krites node --roles rollout --seed-node 127.0.0.1:7400",
      "  krites node --node-config worker.conf --device cuda:0,cuda:1",
      "  krites train --cluster 127.0.0.1:7400 --config smoke",
      "  krites cluster status --cluster 127.0.0.1:7400"
    })
final class NodeCommand implements Callable<Integer> {
  private static final long LOOK_EVERY_MILLIS = 200;

  private static final long REJOIN_AFTER_MILLIS =
      2_000; // the cluster forgets the process that was before

  private final PrintStream out;
  private final TrainingRun.Rooms rooms;

  @Option(
      names = "--roles",
      paramLabel = "ROLE",
      split = ",",
      description = "What it takes: orchestrator, params, learner, rollout, reward, voter.")
  private List<String> roles = new ArrayList<>();

  @Option(
      names = "--seed-node",
      paramLabel = "HOST:PORT",
      split = ",",
      description =
          "Nodes to begin with, the same list for all; the first of them may begin a cluster.")
  private List<String> seeds = new ArrayList<>();

  @Option(
      names = "--port",
      paramLabel = "PORT",
      description = "Where it listens; 0, the default, takes a free one.")
  private @Nullable Integer port;

  @Option(
      names = "--device",
      paramLabel = "DEVICE",
      split = ",",
      description = "Its devices, instead of those that a job names: cpu, cuda, cuda:N.")
  private List<String> devices = new ArrayList<>();

  @Option(
      names = "--quorum",
      paramLabel = "N",
      description =
          "Orchestrator and voter nodes that must see each other; more than half of them. Default: 1.")
  private @Nullable Integer quorum;

  @Mixin private NodeOptions options = new NodeOptions();

  NodeCommand(PrintStream out, TrainingRun.Rooms rooms) {
    this.out = out;
    this.rooms = rooms;
  }

  @Override
  public Integer call() throws InterruptedException {
    NodeConfig config = config();
    Stopping.listen();
    AtomicReference<@Nullable KritesNode> current = new AtomicReference<>();
    try (AutoCloseableHealth _ = health(config, current)) {
      boolean again;
      do {
        again = live(config, current);
        if (again) {
          out.println("the cluster gave this node up; it joins anew");
          Thread.sleep(REJOIN_AFTER_MILLIS);
        }
      } while (again);
    }
    return ExitCode.RUN_FAILED;
  }

  private NodeConfig config() {
    Map<String, Object> above = new HashMap<>();
    putIfAny(above, "roles", roles);
    putIfAny(above, "seeds", seeds);
    putIfAny(above, "devices", devices);
    if (port != null) {
      above.put("port", port);
    }
    if (quorum != null) {
      above.put("quorum", quorum);
    }
    NodeConfig config = options.read(above);
    NodeSettings settings = config.settings();
    if (settings.roles().isEmpty()) {
      throw new InputError(
          "a node needs --roles; roles are " + String.join(", ", NodeSettings.ROLES));
    }
    if (settings.seeds().isEmpty()) {
      throw new InputError(
          "a node needs --seed-node: a node to begin with, itself if it is the first");
    }
    String listens = settings.bindHost().orElse(settings.host());
    if (settings.tls().isEmpty() && !config.allowPlain() && !isLoopback(listens)) {
      throw new InputError(
          "node.host "
              + listens
              + " is not loopback and there is no TLS: anybody who reaches the port would be believed; give"
              + " node.tls, or set node.allow-plain = true on a network of your own");
    }
    return config;
  }

  private static void putIfAny(Map<String, Object> options, String key, List<String> values) {
    if (!values.isEmpty()) {
      options.put(key, values);
    }
  }

  private static boolean isLoopback(String host) {
    try {
      return InetAddress.getByName(host).isLoopbackAddress();
    } catch (UnknownHostException e) {
      throw new InputError("node.host " + host + " is not known: " + e.getMessage(), e);
    }
  }

  /** From joining to the end; whether it was a member and may join anew. */
  private boolean live(NodeConfig config, AtomicReference<@Nullable KritesNode> current)
      throws InterruptedException {
    boolean wasUp = false;
    boolean again;
    try (KritesNode node =
        InputError.guard(
            () ->
                KritesNode.start(
                    config.settings(),
                    new ClusterRooms(
                        rooms,
                        config.devices(),
                        plane(config),
                        members(config),
                        config.settings().downing().quorum() > 1),
                    ConfigFactory.empty()))) {
      current.set(node);
      String roles = String.join(", ", new TreeSet<>(config.settings().roles()));
      out.println("node " + node.address() + " with roles " + roles);
      while (!hasEnded(node)) {
        if (!wasUp && node.isUp()) {
          wasUp = true;
          out.println("node " + node.address() + " is up");
        }
      }
      again = wasUp || node.wasGivenUp();
    }
    return again && !Stopping.isAsked();
  }

  private static Optional<WeightPlane> plane(NodeConfig config) {
    NodeSettings settings = config.settings();
    return config
        .weights()
        .map(
            weights ->
                new WeightPlane(
                    settings.host(),
                    settings.bindHost().orElse(settings.host()),
                    weights.port(),
                    weights.folder(),
                    weights.deltas(),
                    settings.tls()));
  }

  private static MemberPlanes members(NodeConfig config) {
    NodeSettings settings = config.settings();
    return new MemberPlanes(
        settings.host(),
        settings.bindHost().orElse(settings.host()),
        config.learnerPort(),
        settings.tls());
  }

  private static boolean hasEnded(KritesNode node) throws InterruptedException {
    try {
      node.terminated().toCompletableFuture().get(LOOK_EVERY_MILLIS, TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException goesOn) {
      return false;
    } catch (ExecutionException ended) {
      return true;
    }
  }

  // --- health
  // --------------------------------------------------------------------------------------------------

  /** A health server, or nothing. */
  private interface AutoCloseableHealth extends AutoCloseable {
    @Override
    void close();
  }

  private static AutoCloseableHealth health(
      NodeConfig config, AtomicReference<@Nullable KritesNode> current) {
    if (config.health().port() == 0) {
      return () -> {};
    }
    HealthServer server =
        HealthServer.start(
            config.health(),
            () -> {
              KritesNode node = current.get();
              return node != null && node.isUp();
            },
            () -> {
              KritesNode node = current.get();
              return node == null ? List.of() : node.members();
            });
    return server::close;
  }
}
