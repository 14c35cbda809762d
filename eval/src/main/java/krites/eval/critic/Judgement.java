package krites.eval.critic;

import java.util.Optional;
import krites.grpo.Label;

/**
 * What one judgement of a pair said.
 *
 * @param exchanged whether the judge saw the second response first
 * @param verdict about the responses as they stand in the data; empty when none could be read
 */
public record Judgement(boolean exchanged, Optional<Label> verdict) {
  /** Whether the judge prefers what it saw first; empty where it prefers neither. */
  Optional<Boolean> prefersFirstShown() {
    return verdict
        .filter(label -> label != Label.TIE)
        .map(label -> (label == Label.FIRST) != exchanged);
  }
}
