package krites.grpo.judge;

import java.util.Optional;
import krites.grpo.Label;

/**
 * How a pair was judged in the order given, and, where it was asked for, with its responses
 * exchanged. All votes name the responses as they were given.
 *
 * @param given votes of judgements that saw the first response first
 * @param exchanged votes of judgements that saw the second response first
 */
public record PairVotes(Votes given, Optional<Votes> exchanged) {

  /** All judgements, of both orders. */
  public Votes all() {
    return exchanged.map(given::plus).orElse(given);
  }

  /** What all judgements together say; see {@link Votes#verdict()}. */
  public Optional<Label> verdict() {
    return all().verdict();
  }

  /**
   * Whether both orders have a verdict and it is the same; empty when one order was asked alone.
   */
  public Optional<Boolean> consistent() {
    return exchanged.map(
        other -> given.verdict().isPresent() && given.verdict().equals(other.verdict()));
  }
}
