package krites.grpo.flow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Who fetches from whom. */
class RoutePlanTest {
  private static final long CHUNK = 4 << 20;
  private static final List<String> NODES = IntStream.range(0, 30).mapToObj(i -> "n" + i).toList();

  @Test
  void aChainAndATree() {
    assertEquals(List.of("root"), RoutePlan.CHAIN.sources("root", NODES, 0));
    assertEquals(List.of("n0", "root"), RoutePlan.CHAIN.sources("root", NODES, 1));
    assertEquals(List.of("n4", "n3", "root"), RoutePlan.CHAIN.sources("root", NODES, 5));
    assertEquals(List.of("root"), RoutePlan.TREE.sources("root", NODES, 3));
    assertEquals(List.of("n0", "root"), RoutePlan.TREE.sources("root", NODES, 4));
    assertEquals(List.of("n4", "n0", "root"), RoutePlan.TREE.sources("root", NODES, 20));
  }

  /** Nobody has more children than the fan-out, every parent comes before its children. */
  @Test
  void everyTreeIsOne() {
    for (int fanOut = 1; fanOut <= 7; fanOut++) {
      RoutePlan plan = new RoutePlan(fanOut);
      int[] children = new int[301];
      for (int node = 0; node < 300; node++) {
        int parent = plan.parent(node);
        assertTrue(parent < node, fanOut + ", " + node);
        children[parent + 1]++;
      }
      int most = fanOut;
      assertTrue(IntStream.of(children).allMatch(count -> count <= most), "fan-out " + fanOut);
    }
    assertEquals(300, RoutePlan.CHAIN.depth(300));
    assertEquals(4, RoutePlan.TREE.depth(300)); // 4 + 16 + 64 + 256
    assertEquals(0, RoutePlan.TREE.depth(0));
  }

  /** 14 GB to 256 nodes over 10 Gbit/s: 11.2 s for one copy, less than a second for the hops. */
  @Test
  void aChainTakesHardlyLongerThanOneCopy() {
    Duration one = RoutePlan.CHAIN.expected(14_000_000_000L, CHUNK, 1, 1.25e9);
    Duration all = RoutePlan.CHAIN.expected(14_000_000_000L, CHUNK, 256, 1.25e9);
    assertEquals(11.2, one.toMillis() / 1000.0, 0.01);
    assertEquals(12.06, all.toMillis() / 1000.0, 0.02);
  }
}
