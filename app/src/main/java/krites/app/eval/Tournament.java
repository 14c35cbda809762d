package krites.app.eval;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import krites.app.answer.Answer;
import krites.app.answer.AnsweringModel;
import krites.app.answer.AskStream;
import krites.app.answer.Questions;
import krites.app.answer.StopSignal;
import krites.eval.critic.CriticVerdict;
import krites.eval.critic.JudgeWording;
import krites.eval.policy.PolicyItem;
import krites.eval.scaling.Said;
import krites.eval.scaling.TieBreak;
import krites.grpo.Label;
import krites.grpo.Prompt;
import krites.grpo.Sampling;
import krites.grpo.Task;
import krites.grpo.flow.Seeds;
import krites.grpo.judge.Bracket;
import org.jspecify.annotations.Nullable;

/**
 * One judge's knockouts of the answers to all questions, by one strategy or several, all of whose
 * matches that are due are judged together.
 *
 * <p>A judgement is recorded under the judge and its two texts, so it is made once, whoever needs
 * it: another strategy, a larger n, another sitting. Two equal texts need none.
 */
final class Tournament {
  static final String FILE = "judgements.jsonl";

  private final Judge judge;
  private final List<PolicyItem> items;
  private final List<List<Candidates.Candidate>> candidates;
  private final EvalFolder.Records records;
  private final Map<TieBreak, List<Play>> plays = new LinkedHashMap<>();

  /**
   * Who judges, and how.
   *
   * @param id tells judges apart in the records
   * @param temperature of judgements that are sampled
   */
  record Judge(
      String id,
      JudgeWording wording,
      String instruction,
      float temperature,
      int maxNewTokens,
      long seed) {}

  /** One question under one strategy. */
  private static final class Play {
    private final Bracket bracket;
    private final Map<Bracket.Match, List<String>> used = new HashMap<>();

    Play(int answers, long seed) {
      this.bracket = new Bracket(answers, seed);
    }
  }

  /**
   * What choosing among the first n answers of a question took.
   *
   * @param winner from 0
   * @param calls judgements
   * @param tokens of them
   */
  record Chosen(int winner, int calls, long tokens) {}

  Tournament(
      Judge judge,
      List<PolicyItem> items,
      List<List<Candidates.Candidate>> candidates,
      List<TieBreak> ties,
      EvalFolder.Records records) {
    this.judge = judge;
    this.items = items;
    this.candidates = candidates;
    this.records = records;
    for (TieBreak tie : ties) {
      List<Play> all = new ArrayList<>();
      for (int i = 0; i < items.size(); i++) {
        // One bracket for all strategies: they differ in what they make of judgements alone.
        long own = Seeds.ofName(judge.seed(), "tournament/" + items.get(i).id());
        all.add(new Play(candidates.get(i).size(), own));
      }
      plays.put(tie, all);
    }
  }

  /** Plays to the end; returns how many judgements were made now. */
  int play(AnsweringModel model, StopSignal stop) {
    int made = 0;
    Map<String, Asking.Item> due = settle();
    while (!due.isEmpty()) {
      made += new Asking(model, records, stop).run(due.values().iterator(), due.size());
      due = settle();
    }
    return made;
  }

  private static Map<String, @Nullable Object> record(List<List<Answer>> answers) {
    Answer answer = answers.getFirst().getFirst();
    Map<String, @Nullable Object> record = new LinkedHashMap<>();
    record.put("verdict", CriticVerdict.read(answer.text()).map(Label::name).orElse(null));
    record.putAll(AnswerRecord.of(answer));
    return record;
  }

  /** Ends every match that can be ended; what the others need is returned. */
  private Map<String, Asking.Item> settle() {
    Map<String, Asking.Item> needed = new LinkedHashMap<>();
    plays.forEach(
        (tie, all) -> {
          for (int i = 0; i < items.size(); i++) {
            settle(tie, i, all.get(i), needed);
          }
        });
    return needed;
  }

  private void settle(TieBreak tie, int item, Play play, Map<String, Asking.Item> needed) {
    boolean moved = true;
    while (moved) {
      moved = false;
      for (Bracket.Match match : play.bracket.due()) {
        List<Showing> showings = showings(tie, item, match);
        List<Showing> missing =
            showings.stream().filter(showing -> !records.has(showing.key())).toList();
        if (missing.isEmpty()) {
          play.used.put(match, showings.stream().map(Showing::key).toList());
          play.bracket.settle(match, firstWins(tie, showings, play.bracket.coin(match)));
          moved = true;
        } else {
          missing.forEach(showing -> needed.put(showing.key(), ask(tie, item, showing)));
        }
      }
    }
  }

  /** Two texts as a judge sees them. */
  private record Showing(String key, String first, String second, boolean exchanged) {}

  /** What a match needs; nothing where both texts are the same. */
  private List<Showing> showings(TieBreak tie, int item, Bracket.Match match) {
    String one = candidates.get(item).get(match.first()).shown();
    String other = candidates.get(item).get(match.second()).shown();
    List<Showing> showings = new ArrayList<>();
    for (int index = 0; index < (one.equals(other) ? 0 : tie.judgements()); index++) {
      boolean exchanged = tie.exchanged(index);
      String first = exchanged ? other : one;
      String second = exchanged ? one : other;
      String kind = tie.sampled() ? "sampled-" + index : "greedy";
      String key =
          String.join(
              "/",
              judge.id(),
              items.get(item).id(),
              Fingerprint.of(first),
              Fingerprint.of(second),
              kind);
      showings.add(new Showing(key, first, second, exchanged));
    }
    return showings;
  }

  private boolean firstWins(TieBreak tie, List<Showing> showings, boolean coin) {
    if (showings.isEmpty()) {
      return coin;
    }
    return tie.firstWins(showings.stream().map(this::said).toList()).orElse(coin);
  }

  private Said said(Showing showing) {
    Map<String, Object> record = records.get(showing.key()).orElse(Map.of());
    String word = AnswerRecord.text(record, "verdict");
    Optional<Label> seen = word.isEmpty() ? Optional.empty() : Optional.of(Label.valueOf(word));
    double tokens = Math.max(1, AnswerRecord.number(record, "tokens"));
    return new Said(
        showing.exchanged() ? seen.map(Label::exchanged) : seen,
        AnswerRecord.number(record, "log_prob_sum") / tokens);
  }

  private Asking.Item ask(TieBreak tie, int item, Showing showing) {
    PolicyItem question = items.get(item);
    String text =
        judge
            .wording()
            .text(
                Questions.harmless(question.question()),
                showing.first(),
                showing.second(),
                judge.instruction());
    Prompt prompt = Questions.pictured(question.id(), Task.CRITIC, question.images(), text);
    Sampling sampling =
        tie.sampled()
            ? new Sampling(1, judge.temperature(), 1f, 0, 1f, judge.maxNewTokens())
            : Sampling.greedy(judge.maxNewTokens());
    long own = Seeds.ofName(judge.seed(), "judgement/" + showing.key());
    return new Asking.Item(
        showing.key(), List.of(new AskStream.Ask(prompt, sampling, own)), Tournament::record);
  }

  /** Who is chosen of the first n answers, and what it took; a judgement counts once. */
  Chosen chosen(TieBreak tie, int item, int n) {
    List<Play> all = plays.getOrDefault(tie, List.of());
    Play play = all.get(item);
    Set<String> keys = new HashSet<>();
    play.used.forEach(
        (match, used) -> {
          if (Bracket.belongs(match, n)) {
            keys.addAll(used);
          }
        });
    long tokens =
        keys.stream()
            .mapToLong(
                key -> (long) AnswerRecord.number(records.get(key).orElse(Map.of()), "tokens"))
            .sum();
    return new Chosen(play.bracket.winner(n), keys.size(), tokens);
  }
}
