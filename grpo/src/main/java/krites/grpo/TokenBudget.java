package krites.grpo;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToIntFunction;

/** How what is trained together is cut into micro-batches. */
public final class TokenBudget {
  private TokenBudget() {}

  /**
   * Cuts items into lots, the shortest first; items of the same length keep their order.
   *
   * @param tokens of an item
   * @param most tokens of a lot, which has at least one item
   */
  public static <T> List<List<T>> cut(List<T> items, ToIntFunction<T> tokens, int most) {
    List<T> sorted = new ArrayList<>(items);
    sorted.sort(Comparator.comparingInt(tokens));
    List<List<T>> lots = new ArrayList<>();
    int from = 0;
    int sum = 0;
    for (int at = 0; at < sorted.size(); at++) {
      int own = tokens.applyAsInt(sorted.get(at));
      if (at > from && sum + own > most) {
        lots.add(List.copyOf(sorted.subList(from, at)));
        from = at;
        sum = 0;
      }
      sum += own;
    }
    if (from < sorted.size()) {
      lots.add(List.copyOf(sorted.subList(from, sorted.size())));
    }
    return lots;
  }
}
