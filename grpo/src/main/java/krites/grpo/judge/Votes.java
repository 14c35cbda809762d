package krites.grpo.judge;

import java.util.List;
import java.util.Optional;
import krites.grpo.Label;

/**
 * The verdicts of several judgements of one pair, counted.
 *
 * @param first judgements that prefer the first response
 * @param second judgements that prefer the second
 * @param ties judgements that call both equal
 * @param unread judgements in which no verdict could be read
 */
public record Votes(int first, int second, int ties, int unread) {
  public Votes {
    if (first < 0 || second < 0 || ties < 0 || unread < 0) {
      throw new IllegalArgumentException(
          "votes " + first + ", " + second + ", " + ties + ", " + unread + " are not counts");
    }
  }

  /** Counts verdicts; an empty one is a judgement in which none could be read. */
  public static Votes of(List<Optional<Label>> verdicts) {
    return new Votes(
        count(verdicts, Optional.of(Label.FIRST)),
        count(verdicts, Optional.of(Label.SECOND)),
        count(verdicts, Optional.of(Label.TIE)),
        count(verdicts, Optional.empty()));
  }

  private static int count(List<Optional<Label>> verdicts, Optional<Label> verdict) {
    return (int) verdicts.stream().filter(verdict::equals).count();
  }

  /** These and those. */
  public Votes plus(Votes other) {
    return new Votes(
        first + other.first, second + other.second, ties + other.ties, unread + other.unread);
  }

  /** Judgements counted. */
  public int total() {
    return first + second + ties + unread;
  }

  /**
   * The response that more judgements prefer; TIE when as many prefer the one as the other; empty
   * when no verdict could be read at all. A judgement that calls both equal prefers neither, so it
   * does not outvote one that has a preference.
   */
  public Optional<Label> verdict() {
    if (total() == unread) {
      return Optional.empty();
    }
    return Optional.of(first > second ? Label.FIRST : second > first ? Label.SECOND : Label.TIE);
  }
}
