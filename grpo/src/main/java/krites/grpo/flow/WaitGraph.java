package krites.grpo.flow;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Who waits for whom at one moment, and whom it all comes down to.
 *
 * <p>An edge is a {@link Wait}. When nothing moves, the culprit is found by following the longest
 * wait from the party that asks: whoever waits for nobody else holds everything up, and so do the
 * members of a circle.
 *
 * @param waits the edges; several between the same two are allowed
 */
public record WaitGraph(List<Wait> waits) {
  public WaitGraph {
    waits = List.copyOf(waits);
  }

  /**
   * What a hang comes down to.
   *
   * @param culprit the name of the party that everybody waits for in the end
   * @param chain the waits from the party that asked to the culprit, at least one
   * @param circle whether the chain bites its own tail, so that no single party is to blame
   */
  public record Diagnosis(String culprit, List<Wait> chain, boolean circle) {
    public Diagnosis {
      chain = List.copyOf(chain);
    }

    @Override
    public String toString() {
      List<String> links = chain.stream().map(Wait::toString).toList();
      return String.join("; ", links)
          + (circle ? "; they wait for each other in a circle" : "; it comes down to " + culprit);
    }
  }

  /** Follows the longest waits from a party; empty when it waits for nothing. */
  public Optional<Diagnosis> from(String who) {
    Map<String, Wait> longest = longestByWaiter();
    List<Wait> chain = new ArrayList<>();
    Set<String> met = new LinkedHashSet<>();
    String at = who;
    while (met.add(at)) {
      Wait next = longest.get(at);
      if (next == null || next.forWhom().equals(at)) {
        if (next != null) {
          chain.add(next);
        }
        return chain.isEmpty() ? Optional.empty() : Optional.of(new Diagnosis(at, chain, false));
      }
      chain.add(next);
      at = next.forWhom();
    }
    return Optional.of(new Diagnosis(at, chain, true));
  }

  /** The longest wait of each party, for others before for itself. */
  private Map<String, Wait> longestByWaiter() {
    Map<String, Wait> longest = new LinkedHashMap<>();
    Comparator<Wait> order =
        Comparator.<Wait>comparingInt(wait -> wait.who().equals(wait.forWhom()) ? 0 : 1)
            .thenComparingDouble(Wait::seconds);
    for (Wait wait : waits) {
      longest.merge(wait.who(), wait, (a, b) -> order.compare(a, b) >= 0 ? a : b);
    }
    return longest;
  }
}
