package krites.grpo.judge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class BracketTest {
  /** Plays to the end with a judge that knows each candidate's worth. */
  private static List<Bracket.Match> play(Bracket bracket, double[] worth) {
    List<Bracket.Match> played = new ArrayList<>();
    while (!bracket.decided()) {
      for (Bracket.Match match : bracket.due()) {
        bracket.settle(match, worth[match.first()] > worth[match.second()]);
        played.add(match);
      }
    }
    return played;
  }

  @Test
  void aJudgeThatKnowsFindsTheBestOfEveryPrefix() {
    for (int seed = 0; seed < 200; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      double[] worth = random.doubles(32).toArray();
      Bracket bracket = new Bracket(32, seed);
      List<Bracket.Match> played = play(bracket, worth);
      assertEquals(31, played.size(), "seed " + seed);
      for (int n = 1; n <= 32; n *= 2) {
        int best = 0;
        for (int i = 1; i < n; i++) {
          best = worth[i] > worth[best] ? i : best;
        }
        assertEquals(best, bracket.winner(n), "seed " + seed + ", n " + n);
        int limit = n;
        long mine = played.stream().filter(match -> Bracket.belongs(match, limit)).count();
        assertEquals(n - 1, mine, "seed " + seed + ", n " + n);
      }
    }
  }

  @Test
  void sidesAndTiesAreFairCoinsThatTheOrderOfMatchesDoesNotMove() {
    int firstSide = 0;
    int ties = 0;
    for (int seed = 0; seed < 400; seed++) {
      Bracket bracket = new Bracket(4, seed);
      List<Bracket.Match> due = bracket.due();
      firstSide += due.getFirst().first() == 0 ? 1 : 0;
      ties += bracket.coin(due.getFirst()) ? 1 : 0;

      Bracket other = new Bracket(4, seed);
      other.settle(due.get(1), true);
      assertEquals(due.getFirst(), other.due().getFirst(), "seed " + seed);
      assertEquals(bracket.coin(due.getFirst()), other.coin(due.getFirst()), "seed " + seed);
    }
    assertTrue(firstSide > 160 && firstSide < 240, firstSide + " of 400");
    assertTrue(ties > 160 && ties < 240, ties + " of 400");
  }

  @Test
  void whatCannotBeIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> new Bracket(6, 1));
    Bracket bracket = new Bracket(4, 1);
    assertFalse(bracket.decided());
    assertEquals(2, bracket.due().size());
    assertThrows(IllegalStateException.class, () -> bracket.winner(4));
    assertThrows(IllegalArgumentException.class, () -> bracket.winner(3));
    assertThrows(
        IllegalArgumentException.class, () -> bracket.settle(new Bracket.Match(2, 0, 0, 2), true));
    Bracket.Match match = bracket.due().getFirst();
    bracket.settle(match, true);
    assertThrows(IllegalArgumentException.class, () -> bracket.settle(match, true));
    assertEquals(match.first(), bracket.winner(2));
  }
}
