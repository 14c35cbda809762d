package krites.grpo.flow;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * From whom each receiver fetches: a tree over all receivers, whose root is the publisher.
 *
 * <p>With a fan-out of 1 it is a chain: every node sends each byte once, so a copy to N nodes takes
 * hardly longer than one to a single node, plus one chunk per node of depth. For small contents the
 * depth counts more than the bytes, and a wider tree is faster. A pure function of the receivers'
 * order; whoever orders them by rack keeps the bytes in the rack.
 *
 * @param fanOut children of a node, at least 1
 */
public record RoutePlan(int fanOut) {
  /** Full weights: bytes are what costs. */
  public static final RoutePlan CHAIN = new RoutePlan(1);

  /** Deltas: depth is what costs. */
  public static final RoutePlan TREE = new RoutePlan(4);

  public RoutePlan {
    if (fanOut < 1) {
      throw new IllegalArgumentException("a fan-out of " + fanOut);
    }
  }

  /**
   * Sources of a receiver in the order in which it tries them: its parent, its grandparent, the
   * publisher.
   *
   * @param <T> an address
   * @param receivers all of them
   * @param receiver index of the one that asks
   */
  public <T> List<T> sources(T publisher, List<T> receivers, int receiver) {
    List<T> sources = new ArrayList<>();
    int parent = parent(receiver);
    for (int hops = 0; hops < 2 && parent >= 0; hops++) {
      sources.add(receivers.get(parent));
      parent = parent(parent);
    }
    sources.add(publisher);
    return List.copyOf(sources);
  }

  /** Index of the parent; -1 is the publisher. */
  int parent(int receiver) {
    return receiver < fanOut ? -1 : (receiver - fanOut) / fanOut;
  }

  /** Longest way from the publisher to one of so many receivers. */
  public int depth(int receivers) {
    int depth = 0;
    for (int at = receivers - 1; at >= 0; at = parent(at)) {
      depth++;
    }
    return depth;
  }

  /**
   * What a copy to all receivers takes when every node sends and receives at the same rate: the
   * bytes once for each child, and a chunk for each hop.
   *
   * @param chunk bytes that a relay has before it sends the first of them on
   */
  public Duration expected(long bytes, long chunk, int receivers, double bytesPerSecond) {
    int children = Math.min(fanOut, receivers);
    double seconds =
        (children * (double) bytes
                + (depth(receivers) - 1) * (double) Math.min(bytes, chunk) * children)
            / bytesPerSecond;
    return Duration.ofNanos((long) (seconds * 1e9));
  }
}
