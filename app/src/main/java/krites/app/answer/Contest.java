package krites.app.answer;

import java.util.ArrayList;
import java.util.List;
import krites.grpo.flow.Seeds;
import krites.grpo.judge.Knockout;

/** The knockout of one question's candidates, shown round by round. */
final class Contest {
  private final List<Answer> candidates;
  private final Critic critic;
  private final long seed;
  private final Screen screen;
  private final StopSignal stop;
  private final Knockout knockout;
  private final List<Answer> judgements = new ArrayList<>();

  /** A round with what the judge said, one entry for each of its matches. */
  record PlayedRound(Knockout.Round round, List<Critic.Judged> judged) {}

  Contest(List<Answer> candidates, Critic critic, long seed, Screen screen, StopSignal stop) {
    this.candidates = candidates;
    this.critic = critic;
    this.seed = seed;
    this.screen = screen;
    this.stop = stop;
    this.knockout = new Knockout(candidates.size(), seed);
  }

  /** Plays to the end. */
  List<PlayedRound> play() {
    List<PlayedRound> rounds = new ArrayList<>();
    while (!knockout.decided()) {
      int number = rounds.size() + 1;
      List<Critic.TextPair> texts = knockout.pairs().stream().map(this::texts).toList();
      long own = Seeds.ofName(seed, "judge-round-" + number);
      List<Critic.Judged> judged = critic.judge(texts, own, new Quiet(stop));
      Knockout.Round round =
          knockout.settle(judged.stream().map(pair -> pair.votes().verdict()).toList());
      PlayedRound played = new PlayedRound(round, judged);
      rounds.add(played);
      judged.forEach(pair -> pair.judgements().forEach(one -> judgements.add(one.answer())));
      show(played);
    }
    return rounds;
  }

  private Critic.TextPair texts(Knockout.Pair pair) {
    return new Critic.TextPair(shown(pair.first()), shown(pair.second()));
  }

  private String shown(int candidate) {
    String text = candidates.get(candidate).text();
    String answer = Questions.harmless(Layout.of(text).answer(text));
    return answer.isBlank() ? "(no answer)" : answer;
  }

  private void show(PlayedRound played) {
    screen.line("== round " + played.round().number() + " ==");
    for (int i = 0; i < played.judged().size(); i++) {
      Knockout.Match match = played.round().matches().get(i);
      screen.line(
          "candidate "
              + (match.pair().first() + 1)
              + " (1) against candidate "
              + (match.pair().second() + 1)
              + " (2): candidate "
              + (match.winner() + 1)
              + " goes on"
              + (match.byCoin() ? ", by a coin: " + Screen.words(match.verdict()) : ""));
      for (Critic.Judgement judgement : played.judged().get(i).judgements()) {
        screen.line(
            (judgement.exchanged() ? "exchanged: " : "")
                .concat(judgement.answer().text())
                .indent(4)
                .stripTrailing());
      }
    }
    played
        .round()
        .bye()
        .ifPresent(bye -> screen.line("candidate " + (bye + 1) + " goes on unjudged"));
    screen.line("");
  }

  /** Every judgement so far, in the order of the rounds. */
  List<Answer> judgements() {
    return List.copyOf(judgements);
  }

  /** The candidate that is left, from 0. */
  int winner() {
    return knockout.winner();
  }

  private record Quiet(StopSignal stop) implements Critic.Audience {
    @Override
    public boolean stopped() {
      return stop.asked();
    }
  }
}
