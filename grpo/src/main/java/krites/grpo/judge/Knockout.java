package krites.grpo.judge;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import krites.grpo.Label;
import krites.grpo.flow.Seeds;

/**
 * Selects the best of n candidates by pairwise judgements: single elimination, so n - 1 judgements
 * of pairs in ceil(log2 n) rounds.
 *
 * <p>The seed decides everything that the judge does not: the order of the candidates, which of a
 * pair is shown first (a fair coin, so that a judge with a preferred side favours nobody), who has
 * a bye where an odd number is left (one of those with the fewest byes so far), and who goes on
 * when a judge prefers neither or says nothing that can be read (a fair coin).
 *
 * <p>Source: LLaVA-Critic-R1 (arXiv 2509.00676), recursive pairwise elimination by the model itself
 * with random choice between equals; order, sides and byes are ours.
 *
 * <p>Round by round: {@link #pairs()} says what to judge, {@link #settle} takes the verdicts. Not
 * thread safe.
 */
public final class Knockout {
  private final int candidates;
  private final long seed;
  private final int[] byes;
  private final List<Round> rounds = new ArrayList<>();
  private List<Integer> left;
  private SplittableRandom random;
  private OptionalInt bye = OptionalInt.empty();
  private List<Pair> pairs = List.of();

  /** Two candidates to compare; a judge sees them in this order. */
  public record Pair(int first, int second) {}

  /**
   * A pair that was judged.
   *
   * @param verdict of the judge, about the order of the pair; empty when none could be read
   * @param winner the candidate that goes on; without a preference of the judge, a coin chose it
   */
  public record Match(Pair pair, Optional<Label> verdict, int winner) {
    /** Whether a coin chose the winner. */
    public boolean byCoin() {
      return verdict.isEmpty() || verdict.get() == Label.TIE;
    }

    /** The candidate that leaves. */
    public int loser() {
      return winner == pair.first ? pair.second : pair.first;
    }
  }

  /**
   * One round.
   *
   * @param number from 1
   * @param bye the candidate that goes on unjudged, where the number of candidates was odd
   */
  public record Round(int number, List<Match> matches, OptionalInt bye) {
    public Round {
      matches = List.copyOf(matches);
    }
  }

  /** A knockout of the candidates 0 to {@code candidates - 1}. */
  public Knockout(int candidates, long seed) {
    if (candidates < 1) {
      throw new IllegalArgumentException("a knockout of " + candidates + " candidates");
    }
    this.candidates = candidates;
    this.seed = seed;
    this.byes = new int[candidates];
    this.random = stream("order");
    this.left = new ArrayList<>(IntStream.range(0, candidates).boxed().toList());
    shuffle(left);
    prepare();
  }

  /** Whether one candidate is left. */
  public boolean decided() {
    return left.size() == 1;
  }

  /** The pairs of the round that is to be judged; empty when it is decided. */
  public List<Pair> pairs() {
    return pairs;
  }

  /**
   * Ends the round.
   *
   * @param verdicts one for each of {@link #pairs()}, about the order of the pair; empty where none
   *     could be read
   * @return what became of the round
   */
  public Round settle(List<Optional<Label>> verdicts) {
    if (decided()) {
      throw new IllegalStateException("a knockout that is decided has no further round");
    }
    if (verdicts.size() != pairs.size()) {
      throw new IllegalArgumentException(
          verdicts.size() + " verdicts for " + pairs.size() + " pairs");
    }
    List<Match> matches = new ArrayList<>();
    List<Integer> winners = new ArrayList<>();
    for (int i = 0; i < pairs.size(); i++) {
      boolean coin = random.nextBoolean(); // always drawn: no verdict moves the coins of others
      Match match = match(pairs.get(i), verdicts.get(i), coin);
      matches.add(match);
      winners.add(match.winner());
    }
    Round round = new Round(rounds.size() + 1, matches, bye);
    rounds.add(round);
    bye.ifPresent(winners::add);
    left = winners;
    prepare();
    return round;
  }

  private static Match match(Pair pair, Optional<Label> verdict, boolean coin) {
    boolean firstWins =
        switch (verdict.orElse(Label.TIE)) {
          case FIRST -> true;
          case SECOND -> false;
          case TIE -> coin;
        };
    return new Match(pair, verdict, firstWins ? pair.first : pair.second);
  }

  /** Draws the bye and the sides of the next round. */
  private void prepare() {
    if (decided()) {
      pairs = List.of();
      return;
    }
    random = stream("round-" + (rounds.size() + 1));
    List<Integer> playing = new ArrayList<>(left);
    bye = left.size() % 2 == 0 ? OptionalInt.empty() : OptionalInt.of(drawBye());
    bye.ifPresent(lucky -> playing.remove((Integer) lucky));
    List<Pair> next = new ArrayList<>();
    for (int i = 0; i < playing.size(); i += 2) {
      int one = playing.get(i);
      int other = playing.get(i + 1);
      next.add(random.nextBoolean() ? new Pair(one, other) : new Pair(other, one));
    }
    pairs = List.copyOf(next);
  }

  private int drawBye() {
    int fewest = left.stream().mapToInt(candidate -> byes[candidate]).min().orElseThrow();
    List<Integer> due = left.stream().filter(candidate -> byes[candidate] == fewest).toList();
    int lucky = due.get(random.nextInt(due.size()));
    byes[lucky]++;
    return lucky;
  }

  private void shuffle(List<Integer> list) {
    for (int i = list.size() - 1; i > 0; i--) {
      Collections.swap(list, i, random.nextInt(i + 1));
    }
  }

  private SplittableRandom stream(String name) {
    return new SplittableRandom(Seeds.ofName(seed, "knockout/" + name));
  }

  /** The rounds so far. */
  public List<Round> rounds() {
    return List.copyOf(rounds);
  }

  /** Candidates at the start. */
  public int candidates() {
    return candidates;
  }

  /** The candidate that is left. */
  public int winner() {
    if (!decided()) {
      throw new IllegalStateException(left.size() + " candidates are left of " + candidates);
    }
    return left.getFirst();
  }
}
