package krites.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import krites.grpo.flow.RoutePlan;
import org.junit.jupiter.api.Test;

/** Pushes to many nodes against what can be computed by hand. */
final class PushSimulationTest {
  private static final long CHUNK = 4 << 20;
  private static final long BYTES = 100 * CHUNK;
  private static final double RATE = 1.25e9;
  private static final double CHUNK_SECONDS = CHUNK / RATE;
  private static final PushSimulation.Network NETWORK =
      new PushSimulation.Network(RATE, 1e-4, 5e-4, 2);

  private static PushSimulation.Result run(RoutePlan routes, int nodes, int deaths, long seed) {
    return PushSimulation.run(
        new PushSimulation.Plan(routes, nodes, BYTES, CHUNK, deaths, seed), NETWORK);
  }

  @Test
  void aChainTakesOneCopyAndAChunkForEachNode() {
    double copy = BYTES / RATE;
    double hop = CHUNK_SECONDS + 6e-4;
    PushSimulation.Result one = run(RoutePlan.CHAIN, 1, 0, 1);
    assertEquals(copy + 7e-4, one.lastSeconds(), 1e-6);
    PushSimulation.Result many = run(RoutePlan.CHAIN, 64, 0, 1);
    assertEquals(copy + 1e-4 + 6e-4 + 63 * hop, many.lastSeconds(), 1e-6);
    assertEquals(BYTES, many.publisherBytes());
    // The plan's own estimate, which knows neither latency nor checks.
    double expected = RoutePlan.CHAIN.expected(BYTES, CHUNK, 64, RATE).toNanos() * 1e-9;
    assertEquals(expected, many.lastSeconds(), 0.1 * expected);
  }

  @Test
  void aStarTakesACopyForEachNodeAndATreeOneForEachChild() {
    double copy = BYTES / RATE;
    assertEquals(8 * copy + 7e-4, run(new RoutePlan(8), 8, 0, 1).lastSeconds(), 1e-6);
    double tree = run(RoutePlan.TREE, 84, 0, 1).lastSeconds();
    assertTrue(tree > 4 * copy && tree < 4.6 * copy, "tree " + tree + ", copy " + copy);
  }

  /** Each death costs its children the patience and a new source, and nobody starts again. */
  @Test
  void whoeverDiesTheOthersGetEveryByte() {
    double without = run(RoutePlan.CHAIN, 64, 0, 1).lastSeconds();
    for (long seed = 0; seed < 200; seed++) {
      int deaths = 1 + (int) (seed % 12);
      PushSimulation.Result result = run(RoutePlan.CHAIN, 64, deaths, seed);
      assertTrue(
          result.lastSeconds() < (1 + deaths) * (without + 2.1),
          "seed " + seed + ": " + deaths + " deaths, " + result);
    }
    assertEquals(run(RoutePlan.CHAIN, 64, 5, 3), run(RoutePlan.CHAIN, 64, 5, 3));
  }
}
