package krites.app.config;

import java.util.Collection;
import java.util.Comparator;

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
        : Math.min(edits(given, candidate), 2 * edits(last(given), last(candidate)));
  }

  private static String last(String name) {
    return name.substring(name.lastIndexOf('.') + 1);
  }

  /** Levenshtein distance: insertions, deletions and replacements of one character. */
  static int edits(String a, String b) {
    int[] previous = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      previous[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int[] current = new int[b.length() + 1];
      current[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replace = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        current[j] = Math.min(replace, 1 + Math.min(previous[j], current[j - 1]));
      }
      previous = current;
    }
    return previous[b.length()];
  }
}
