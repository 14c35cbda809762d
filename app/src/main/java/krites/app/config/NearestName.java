package krites.app.config;

import java.util.Collection;
import java.util.Comparator;
import krites.reward.published.EditDistance;

/** Finds the known name that a mistyped one probably meant. */
final class NearestName {
  private NearestName() {}

  /**
   * The candidate with the smallest edit distance; a candidate whose last part equals that of the
   * given name comes first, since a key in the wrong section is the most common slip.
   */
  static String of(String given, Collection<String> candidates) {
    return candidates.stream()
        .min(
            Comparator.comparingInt((String candidate) -> distance(given, candidate))
                .thenComparing(c -> c))
        .orElseThrow();
  }

  private static int distance(String given, String candidate) {
    return last(given).equals(last(candidate))
        ? 0
        : Math.min(
            EditDistance.between(given, candidate),
            2 * EditDistance.between(last(given), last(candidate)));
  }

  private static String last(String name) {
    return name.substring(name.lastIndexOf('.') + 1);
  }
}
