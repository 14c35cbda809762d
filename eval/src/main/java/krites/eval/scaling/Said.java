package krites.eval.scaling;

import java.util.Optional;
import krites.grpo.Label;

/**
 * What one judgement said about two candidates.
 *
 * @param verdict FIRST is the candidate that the match shows first, whatever the judge saw first;
 *     empty when none could be read
 * @param confidence mean log-probability of the judgement's tokens, at most 0
 */
public record Said(Optional<Label> verdict, double confidence) {
  /** Whether it prefers one of the two. */
  boolean prefers() {
    return verdict.filter(label -> label != Label.TIE).isPresent();
  }
}
