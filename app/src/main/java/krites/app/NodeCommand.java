package krites.app;

import com.typesafe.config.ConfigFactory;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import krites.actors.KritesNode;
import krites.actors.NodeSettings;
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
      "  krites train --cluster 127.0.0.1:7400 --config smoke",
      "  krites cluster status --cluster 127.0.0.1:7400"
    })
final class NodeCommand implements Callable<Integer> {
  private static final long UP_WITHIN_MILLIS = 200;

  private final PrintStream out;
  private final TrainingRun.Rooms rooms;

  @Option(
      names = "--roles",
      paramLabel = "ROLE",
      split = ",",
      required = true,
      description = "What it takes: orchestrator, params, learner, rollout, reward, voter.")
  private Set<String> roles = new LinkedHashSet<>();

  @Option(
      names = "--seed-node",
      paramLabel = "HOST:PORT",
      split = ",",
      required = true,
      description =
          "Nodes to begin with, the same list for all; one that stands first itself may begin a cluster.")
  private List<String> seeds = new ArrayList<>();

  @Option(
      names = "--port",
      paramLabel = "PORT",
      description = "Where it listens; 0, the default, takes a free one.")
  private int port;

  @Option(
      names = "--device",
      paramLabel = "DEVICE",
      split = ",",
      description = "Its devices, instead of those that a job names: cpu, cuda, cuda:N.")
  private List<String> devices = new ArrayList<>();

  @Option(
      names = "--cluster-name",
      paramLabel = "NAME",
      description = "Nodes of another name are refused. Default: krites.")
  private String cluster = "krites";

  @Option(
      names = "--quorum",
      paramLabel = "N",
      description =
          "Orchestrator and voter nodes that must see each other; more than half of them. Default: 1.")
  private int quorum = 1;

  @Mixin private NodeOptions options = new NodeOptions();

  NodeCommand(PrintStream out, TrainingRun.Rooms rooms) {
    this.out = out;
    this.rooms = rooms;
  }

  @Override
  public Integer call() throws InterruptedException {
    NodeSettings settings =
        InputError.guard(
            () ->
                new NodeSettings(
                    options.host(),
                    port,
                    Optional.empty(),
                    seeds,
                    roles,
                    cluster,
                    NodeOptions.version(),
                    NodeSettings.Downing.USUAL.withQuorum(quorum),
                    Optional.empty()));
    try (KritesNode node =
        InputError.guard(
            () ->
                KritesNode.start(
                    settings, new ClusterRooms(rooms, devices), ConfigFactory.empty()))) {
      out.println("node " + node.address() + " with roles " + String.join(", ", roles));
      boolean told = false;
      while (!hasEnded(node)) {
        if (!told && node.isUp()) {
          told = true;
          out.println("node " + node.address() + " is up");
        }
      }
    }
    return ExitCode.RUN_FAILED;
  }

  private static boolean hasEnded(KritesNode node) throws InterruptedException {
    try {
      node.terminated().toCompletableFuture().get(UP_WITHIN_MILLIS, TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException goesOn) {
      return false;
    } catch (java.util.concurrent.ExecutionException ended) {
      return true;
    }
  }
}
