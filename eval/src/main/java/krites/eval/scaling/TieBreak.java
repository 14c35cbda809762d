package krites.eval.scaling;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import krites.grpo.Label;
import krites.grpo.judge.Votes;

/**
 * How judgements of a match become a winner, and what becomes of a match without one.
 *
 * @param rule what is asked and counted
 * @param votes sampled judgements of a match; only for {@link Rule#VOTES}
 */
public record TieBreak(Rule rule, int votes) {
  /** What is asked. */
  public enum Rule {
    /** One greedy judgement in a drawn order; a coin where it prefers neither, as published. */
    RANDOM("random"),

    /** Greedy judgements in both orders; a coin where they differ. */
    BOTH_ORDERS("both-orders"),

    /**
     * Greedy judgements in both orders; where they differ, the one whose tokens are likelier. A
     * judge with a preferred side is surer of one of its two wrong reasons, which may tell.
     */
    CONFIDENCE("confidence"),

    /** Several sampled judgements, in turns in both orders; a coin where they are even. */
    VOTES("best-of-");

    private final String word;

    Rule(String word) {
      this.word = word;
    }
  }

  public TieBreak {
    if (rule == Rule.VOTES ? votes < 2 : votes != 0) {
      throw new IllegalArgumentException("votes " + votes + " of " + rule);
    }
  }

  /**
   * The strategy of a name.
   *
   * @param name {@code random}, {@code both-orders}, {@code confidence} or {@code best-of-K}
   */
  public static Optional<TieBreak> named(String name) {
    for (Rule rule : Rule.values()) {
      if (rule != Rule.VOTES && name.equals(rule.word)) {
        return Optional.of(new TieBreak(rule, 0));
      }
    }
    return name.matches("best-of-([2-9]|[1-9][0-9])")
        ? Optional.of(
            new TieBreak(Rule.VOTES, Integer.parseInt(name.substring(Rule.VOTES.word.length()))))
        : Optional.empty();
  }

  /** The name; see {@link #named}. */
  public String name() {
    return rule == Rule.VOTES ? rule.word + votes : rule.word;
  }

  /** Judgements that a match needs. */
  public int judgements() {
    return switch (rule) {
      case RANDOM -> 1;
      case BOTH_ORDERS, CONFIDENCE -> 2;
      case VOTES -> votes;
    };
  }

  /** Whether judgement {@code index} shows the second candidate first. */
  public boolean exchanged(int index) {
    return index % 2 == 1;
  }

  /** Whether judgements are sampled. */
  public boolean sampled() {
    return rule == Rule.VOTES;
  }

  /**
   * Whether the first candidate wins; empty where a coin must decide.
   *
   * @param said as many as {@link #judgements()}
   */
  public Optional<Boolean> firstWins(List<Said> said) {
    if (said.size() != judgements()) {
      throw new IllegalArgumentException(said.size() + " judgements for " + name());
    }
    return switch (rule) {
      case RANDOM -> winner(said.getFirst().verdict());
      case BOTH_ORDERS -> agreed(said);
      case CONFIDENCE -> agreed(said).or(() -> surest(said));
      case VOTES -> winner(Votes.of(said.stream().map(Said::verdict).toList()).verdict());
    };
  }

  private static Optional<Boolean> agreed(List<Said> said) {
    Optional<Label> one = said.getFirst().verdict();
    return one.equals(said.getLast().verdict()) ? winner(one) : Optional.empty();
  }

  private static Optional<Boolean> surest(List<Said> said) {
    return said.stream()
        .filter(Said::prefers)
        .max(Comparator.comparingDouble(Said::confidence))
        .flatMap(one -> winner(one.verdict()));
  }

  private static Optional<Boolean> winner(Optional<Label> verdict) {
    return verdict.filter(label -> label != Label.TIE).map(label -> label == Label.FIRST);
  }
}
