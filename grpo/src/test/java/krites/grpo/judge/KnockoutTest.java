package krites.grpo.judge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.IntStream;
import krites.grpo.Label;
import org.junit.jupiter.api.Test;

/** The bracket, for every number of candidates and many seeds. */
final class KnockoutTest {
  private static final Optional<Label> FIRST = Optional.of(Label.FIRST);
  private static final Optional<Label> SECOND = Optional.of(Label.SECOND);
  private static final Optional<Label> TIE = Optional.of(Label.TIE);

  @Test
  void aJudgeWhoKnowsTheOrderFindsTheBestOfAnyNumber() {
    for (int n = 1; n <= 128; n++) {
      for (long seed = 0; seed < 20; seed++) {
        int best = new SplittableRandom(seed * 131 + n).nextInt(n);
        int candidates = n;
        Knockout knockout =
            play(
                n,
                seed,
                pair ->
                    rank(pair.first(), best, candidates) < rank(pair.second(), best, candidates)
                        ? FIRST
                        : SECOND);
        assertEquals(best, knockout.winner(), "n " + n + ", seed " + seed);
      }
    }
  }

  /** The best has rank 0, others follow around the circle. */
  private static int rank(int candidate, int best, int n) {
    return Math.floorMod(candidate - best, n);
  }

  @Test
  void everyBracketIsASingleElimination() {
    for (int n = 1; n <= 128; n++) {
      for (long seed = 0; seed < 20; seed++) {
        String place = "n " + n + ", seed " + seed;
        SplittableRandom judge = new SplittableRandom(seed);
        Knockout knockout =
            play(
                n,
                seed,
                _ -> List.of(FIRST, SECOND, TIE, Optional.<Label>empty()).get(judge.nextInt(4)));
        checkBracket(knockout, n, place);
      }
    }
  }

  private static void checkBracket(Knockout knockout, int n, String place) {
    Set<Integer> left = new TreeSet<>(IntStream.range(0, n).boxed().toList());
    int[] byes = new int[n];
    int judged = 0;
    for (Knockout.Round round : knockout.rounds()) {
      Set<Integer> met = new HashSet<>();
      for (Knockout.Match match : round.matches()) {
        assertTrue(met.add(match.pair().first()) && met.add(match.pair().second()), place);
        assertNotEquals(match.winner(), match.loser(), place);
        assertEquals(
            match.byCoin(),
            !match.verdict().equals(FIRST) && !match.verdict().equals(SECOND),
            place);
        if (!match.byCoin()) {
          int preferred =
              match.verdict().equals(FIRST) ? match.pair().first() : match.pair().second();
          assertEquals(preferred, match.winner(), place);
        }
        judged++;
      }
      assertEquals(left.size() % 2 == 1, round.bye().isPresent(), place);
      if (round.bye().isPresent()) {
        int lucky = round.bye().getAsInt();
        int fewest = left.stream().mapToInt(candidate -> byes[candidate]).min().orElseThrow();
        assertEquals(fewest, byes[lucky]++, place + ": the bye goes to one who had fewest");
        assertTrue(met.add(lucky), place);
      }
      assertEquals(left, met, place + ": all that are left play or have the bye");
      round.matches().forEach(match -> left.remove(match.loser()));
    }
    assertEquals(n - 1, judged, place);
    assertEquals(Set.of(knockout.winner()), left, place);
    assertEquals(
        Integer.SIZE - Integer.numberOfLeadingZeros(n - 1), knockout.rounds().size(), place);
  }

  /**
   * A judge who always prefers the side shown first favours no candidate: over seeds, each of four
   * wins a quarter. 4,000 draws have a deviation of 27; the limit is five of them.
   */
  @Test
  void neitherAPreferredSideNorACoinFavoursACandidate() {
    List<Function<Knockout.Pair, Optional<Label>>> judges =
        List.of(_ -> FIRST, _ -> TIE, _ -> Optional.empty());
    for (Function<Knockout.Pair, Optional<Label>> judge : judges) {
      int[] wins = new int[4];
      for (long seed = 0; seed < 4000; seed++) {
        wins[play(4, seed, judge).winner()]++;
      }
      assertTrue(
          Arrays.stream(wins).allMatch(count -> Math.abs(count - 1000) < 137),
          Arrays.toString(wins));
    }
  }

  @Test
  void byesAreSpreadOverTheCandidates() {
    int[] byes = new int[3];
    for (long seed = 0; seed < 3000; seed++) {
      byes[play(3, seed, _ -> FIRST).rounds().getFirst().bye().orElseThrow()]++;
    }
    assertTrue(
        Arrays.stream(byes).allMatch(count -> Math.abs(count - 1000) < 130), Arrays.toString(byes));
  }

  @Test
  void theSameSeedGivesTheSameBracketAndAnotherSeedAnother() {
    List<Knockout.Round> one = play(32, 7, _ -> TIE).rounds();

    assertEquals(one, play(32, 7, _ -> TIE).rounds());
    assertNotEquals(one, play(32, 8, _ -> TIE).rounds());
  }

  @Test
  void oneCandidateWinsUnjudged() {
    Knockout knockout = new Knockout(1, 3);

    assertTrue(knockout.decided());
    assertEquals(List.of(), knockout.pairs());
    assertEquals(0, knockout.winner());
    assertThrows(IllegalStateException.class, () -> knockout.settle(List.of()));
  }

  @Test
  void aRoundNeedsAVerdictForEachPairAndAWinnerNeedsTheEnd() {
    Knockout knockout = new Knockout(5, 3);

    assertFalse(knockout.decided());
    assertThrows(IllegalStateException.class, knockout::winner);
    assertThrows(IllegalArgumentException.class, () -> knockout.settle(List.of(FIRST)));
    assertThrows(IllegalArgumentException.class, () -> new Knockout(0, 3));
    assertEquals(OptionalInt.empty(), new Knockout(4, 3).settle(List.of(FIRST, SECOND)).bye());
  }

  private static Knockout play(int n, long seed, Function<Knockout.Pair, Optional<Label>> judge) {
    Knockout knockout = new Knockout(n, seed);
    while (!knockout.decided()) {
      List<Optional<Label>> verdicts = new ArrayList<>();
      knockout.pairs().forEach(pair -> verdicts.add(judge.apply(pair)));
      knockout.settle(verdicts);
    }
    return knockout;
  }
}
