package krites.reward.published;

import java.util.Arrays;

/** Levenshtein's distance: letters to insert, delete or replace. */
public final class EditDistance {
  private EditDistance() {}

  /** Counted in code points, as Python's letters; time is the product of the lengths. */
  public static int between(String from, String to) {
    int[] source = from.codePoints().toArray();
    int[] target = to.codePoints().toArray();
    int[] above = new int[target.length + 1];
    Arrays.setAll(above, i -> i);
    for (int i = 1; i <= source.length; i++) {
      int[] row = new int[target.length + 1];
      row[0] = i;
      for (int j = 1; j <= target.length; j++) {
        int replaced = above[j - 1] + (source[i - 1] == target[j - 1] ? 0 : 1);
        row[j] = Math.min(replaced, 1 + Math.min(above[j], row[j - 1]));
      }
      above = row;
    }
    return above[target.length];
  }
}
