package krites.app.bench;

import krites.grpo.flow.RoutePlan;
import krites.simulator.PushSimulation;
import krites.transfer.Manifest;

/**
 * What a push would take where there are many nodes, in virtual time: the routes are the real ones,
 * links and deaths are modelled. Each node has a link of its own, and the same one.
 */
final class PushForecast {
  private static final double LATENCY_SECONDS = 1e-4; // of one way within a hall
  private static final double CHECK_SECONDS = 3e-3; // a chunk with its seal, on a busy core
  private static final double PATIENCE_SECONDS = 2; // as TransferSettings.DEFAULT
  private static final double DELTA_SHARE = 1.0 / 64; // a little more than was measured at 1e-6
  private static final double BITS = 1.25e8; // bytes per second of a Gbit/s
  private static final long SEED = 1;

  private final PushSimulation.Network network;

  /**
   * @param gigabits of a node's link
   */
  PushForecast(double gigabits) {
    network =
        new PushSimulation.Network(
            gigabits * BITS, LATENCY_SECONDS, CHECK_SECONDS, PATIENCE_SECONDS);
  }

  /** All ways to push so many bytes to so many nodes. */
  void add(String size, long bytes, int nodes, Findings findings) {
    String work = size + " to " + nodes + " nodes";
    int deaths = Math.max(1, nodes / 100);
    add(findings, work, "chain", RoutePlan.CHAIN, nodes, bytes, 0);
    add(findings, work, "chain, " + deaths + " die", RoutePlan.CHAIN, nodes, bytes, deaths);
    add(findings, work, "tree of 4", RoutePlan.TREE, nodes, bytes, 0);
    add(findings, work, "all from one", new RoutePlan(nodes), nodes, bytes, 0);
    long delta = Math.max(1, (long) (DELTA_SHARE * bytes));
    add(findings, work, "changes, tree of 4", RoutePlan.TREE, nodes, delta, 0);
    add(findings, work, "changes, chain", RoutePlan.CHAIN, nodes, delta, 0);
  }

  private void add(
      Findings findings,
      String work,
      String variant,
      RoutePlan routes,
      int nodes,
      long bytes,
      int deaths) {
    PushSimulation.Result result =
        PushSimulation.run(
            new PushSimulation.Plan(routes, nodes, bytes, Manifest.CHUNK, deaths, SEED), network);
    findings.add(work, variant, "first_node_seconds", result.firstSeconds());
    findings.add(work, variant, "last_node_seconds", result.lastSeconds());
  }
}
