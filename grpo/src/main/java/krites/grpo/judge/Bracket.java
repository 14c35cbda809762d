package krites.grpo.judge;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import krites.grpo.flow.Seeds;

/**
 * Single eliminations of the first 1, 2, 4, ..., n of a list of candidates that share their
 * matches: the elimination of the first 2k holds that of the first k.
 *
 * <p>So all sizes up to n together take n - 1 matches, where separate knockouts would take twice as
 * many, and a curve over sizes is one tree seen at different depths. Candidates that were sampled
 * independently need no draw: the order of the list is as good as any. On which side a candidate is
 * shown, and who goes on where a judge prefers neither, are fair coins of each match, so they do
 * not depend on the order in which matches are settled.
 *
 * <p>Not thread safe.
 */
public final class Bracket {
  private static final int OPEN = -1;

  private final int candidates;
  private final long seed;

  /** Winners of each level; level 0 are the candidates themselves. */
  private final List<int[]> levels = new ArrayList<>();

  /**
   * A match.
   *
   * @param level 1 for pairs of candidates, 2 for pairs of their winners, ...
   * @param index within the level, from 0
   * @param first the candidate that a judge is shown first
   * @param second the other one
   */
  public record Match(int level, int index, int first, int second) {}

  /**
   * A bracket without any match settled.
   *
   * @param candidates a power of two
   */
  public Bracket(int candidates, long seed) {
    if (Integer.bitCount(candidates) != 1) {
      throw new IllegalArgumentException(
          "a bracket of " + candidates + " candidates, expected a power of two");
    }
    this.candidates = candidates;
    this.seed = seed;
    int[] all = new int[candidates];
    Arrays.setAll(all, i -> i);
    levels.add(all);
    for (int left = candidates / 2; left >= 1; left /= 2) {
      int[] open = new int[left];
      Arrays.fill(open, OPEN);
      levels.add(open);
    }
  }

  /** The matches that are not settled and whose two candidates are known. */
  public List<Match> due() {
    List<Match> due = new ArrayList<>();
    for (int level = 1; level < levels.size(); level++) {
      for (int index = 0; index < levels.get(level).length; index++) {
        int one = levels.get(level - 1)[2 * index];
        int other = levels.get(level - 1)[2 * index + 1];
        if (levels.get(level)[index] == OPEN && one != OPEN && other != OPEN) {
          due.add(match(level, index, one, other));
        }
      }
    }
    return due;
  }

  private Match match(int level, int index, int one, int other) {
    boolean exchanged = coin("side", level, index);
    return new Match(level, index, exchanged ? other : one, exchanged ? one : other);
  }

  /** Who goes on where the judge prefers neither. */
  public boolean coin(Match match) {
    return coin("tie", match.level(), match.index());
  }

  private boolean coin(String name, int level, int index) {
    return (Seeds.ofName(seed, "bracket/" + name + "/" + level + "/" + index) & 1) == 1;
  }

  /**
   * Ends a match that is due.
   *
   * @param firstWins whether the candidate that was shown first goes on
   */
  public void settle(Match match, boolean firstWins) {
    if (!due().contains(match)) {
      throw new IllegalArgumentException(match + " is not due");
    }
    levels.get(match.level())[match.index()] = firstWins ? match.first() : match.second();
  }

  /** Whether every match is settled. */
  public boolean decided() {
    return levels.getLast()[0] != OPEN;
  }

  /**
   * Who is left of the first {@code n} candidates.
   *
   * @param n a power of two, at most all
   */
  public int winner(int n) {
    if (Integer.bitCount(n) != 1 || n > candidates) {
      throw new IllegalArgumentException("the first " + n + " of " + candidates + " candidates");
    }
    int winner = levels.get(Integer.numberOfTrailingZeros(n))[0];
    if (winner == OPEN) {
      throw new IllegalStateException("the first " + n + " candidates are not judged");
    }
    return winner;
  }

  /** Whether a match takes part in the elimination of the first {@code n}. */
  public static boolean belongs(Match match, int n) {
    return (long) (match.index() + 1) << match.level() <= n;
  }
}
