package krites.app.answer;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import krites.grpo.ImageRef;
import krites.grpo.Label;
import krites.grpo.Prompt;
import krites.grpo.Sampling;
import krites.grpo.TokenIds;
import krites.grpo.judge.PairVotes;
import krites.grpo.judge.Votes;
import krites.reward.BoxedAnswer;
import krites.reward.VerdictReader;

/**
 * A model as the judge of pairs of responses to one question. All pairs that are given together are
 * judged in one batch.
 *
 * @param instruction last line of the prompt
 * @param sampling of each pair and order: the group size is the number of votes
 * @param bothOrders whether each pair is judged with its responses exchanged too
 */
record Critic(
    AnsweringModel model,
    String question,
    List<ImageRef> images,
    String instruction,
    Sampling sampling,
    boolean bothOrders) {

  /** Two responses in the order in which they were given. */
  record TextPair(String first, String second) {
    private TextPair exchanged() {
      return new TextPair(second, first);
    }
  }

  /**
   * One judgement.
   *
   * @param exchanged whether the model saw the second response first
   * @param verdict about the responses as they were given; empty when none could be read
   */
  record Judgement(boolean exchanged, Answer answer, Optional<Label> verdict) {
    /**
     * Reads the verdict as the reward does.
     *
     * @param answer what the model said about the responses as it saw them
     */
    static Judgement read(boolean exchanged, Answer answer) {
      Optional<Label> seen = VerdictReader.read(BoxedAnswer.extract(answer.text()));
      return new Judgement(exchanged, answer, exchanged ? seen.map(Label::exchanged) : seen);
    }
  }

  /** All judgements of one pair, those of the order given first. */
  record Judged(List<Judgement> judgements) {
    PairVotes votes() {
      List<Judgement> exchanged = judgements.stream().filter(Judgement::exchanged).toList();
      return new PairVotes(
          count(judgements.stream().filter(one -> !one.exchanged()).toList()),
          exchanged.isEmpty() ? Optional.empty() : Optional.of(count(exchanged)));
    }

    private static Votes count(List<Judgement> judgements) {
      return Votes.of(judgements.stream().map(Judgement::verdict).toList());
    }
  }

  /** Who sees judgements as they come. */
  interface Audience extends Watch {
    /** A judgement of a pair is there. */
    default void onJudgement(int pair, int index, Judgement judgement) {}
  }

  /** The prompt of a pair in the order given. */
  Prompt prompt(TextPair pair) {
    return Questions.critique(question, images, pair.first(), pair.second(), instruction);
  }

  /** Judges pairs; see {@link AnsweringModel#answer}. */
  List<Judged> judge(List<TextPair> pairs, long seed, Audience audience) {
    int orders = bothOrders ? 2 : 1;
    List<Prompt> prompts = new ArrayList<>();
    for (TextPair pair : pairs) {
      prompts.add(prompt(pair));
      if (bothOrders) {
        prompts.add(prompt(pair.exchanged()));
      }
    }
    List<List<Answer>> answers =
        model.answer(prompts, sampling, seed, new Reading(audience, orders));
    List<Judged> judged = new ArrayList<>();
    for (int pair = 0; pair < pairs.size(); pair++) {
      List<Judgement> judgements = new ArrayList<>();
      for (int order = 0; order < orders; order++) {
        boolean exchanged = order == 1;
        answers
            .get(pair * orders + order)
            .forEach(answer -> judgements.add(Judgement.read(exchanged, answer)));
      }
      judged.add(new Judged(List.copyOf(judgements)));
    }
    return judged;
  }

  /** Turns answers into judgements for the audience. */
  private record Reading(Audience audience, int orders) implements Watch {
    @Override
    public void onTokens(TokenIds soFar) {
      audience.onTokens(soFar);
    }

    @Override
    public void onAnswer(int prompt, int index, Answer answer) {
      audience.onAnswer(prompt, index, answer);
      audience.onJudgement(prompt / orders, index, Judgement.read(prompt % orders == 1, answer));
    }

    @Override
    public boolean stopped() {
      return audience.stopped();
    }
  }
}
