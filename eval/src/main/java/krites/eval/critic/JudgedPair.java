package krites.eval.critic;

import java.util.List;
import java.util.Optional;
import krites.grpo.Label;
import krites.grpo.judge.Votes;

/**
 * A pair with all judgements of it, in the order in which they were asked for. The first one was
 * shown in an order that a coin drew.
 */
public record JudgedPair(CriticPair pair, List<Judgement> judgements) {
  public JudgedPair {
    judgements = List.copyOf(judgements);
    if (judgements.isEmpty()) {
      throw new IllegalArgumentException("pair " + pair.id() + " was not judged");
    }
  }

  /** What became of a pair. */
  public enum Outcome {
    RIGHT,
    WRONG,

    /** No verdict, or none with a majority. */
    UNREAD
  }

  /** The outcome of the first judgement alone: the protocol of the paper. */
  Outcome first() {
    return judgements.getFirst().verdict().map(this::outcome).orElse(Outcome.UNREAD);
  }

  private Outcome outcome(Label verdict) {
    return verdict == pair.label() ? Outcome.RIGHT : Outcome.WRONG;
  }

  /**
   * The majority of the first {@code k} judgements: what more than half of them, the unread
   * included, say.
   *
   * <p>Source: {@code classify} in {@code cal.py} of vl-rewardbench/VL_RewardBench. A tie is no
   * verdict there, and counts as unread.
   */
  Outcome majority(int k) {
    List<Judgement> some = judgements.subList(0, Math.min(k, judgements.size()));
    long right = some.stream().filter(one -> is(one, pair.label())).count();
    long wrong = some.stream().filter(one -> is(one, pair.label().exchanged())).count();
    if (2 * right > some.size()) {
      return Outcome.RIGHT;
    }
    return 2 * wrong > some.size() ? Outcome.WRONG : Outcome.UNREAD;
  }

  private static boolean is(Judgement judgement, Label label) {
    return judgement.verdict().equals(Optional.of(label));
  }

  /** Whether both orders prefer the same response; empty when one order was asked alone. */
  Optional<Boolean> consistent() {
    List<Judgement> given = judgements.stream().filter(one -> !one.exchanged()).toList();
    List<Judgement> exchanged = judgements.stream().filter(Judgement::exchanged).toList();
    if (given.isEmpty() || exchanged.isEmpty()) {
      return Optional.empty();
    }
    Optional<Label> one = verdict(given);
    return Optional.of(one.isPresent() && one.equals(verdict(exchanged)));
  }

  private static Optional<Label> verdict(List<Judgement> judgements) {
    return Votes.of(judgements.stream().map(Judgement::verdict).toList()).verdict();
  }
}
