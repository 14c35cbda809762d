package krites.app.eval;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.app.answer.Answer;
import krites.app.answer.AnsweringModel;
import krites.app.answer.AskStream;
import krites.app.answer.Layout;
import krites.app.answer.Questions;
import krites.app.answer.StopSignal;
import krites.eval.policy.PolicyBenchmark;
import krites.eval.policy.PolicyItem;
import krites.eval.policy.Verdict;
import krites.grpo.Sampling;
import krites.grpo.flow.Seeds;
import org.jspecify.annotations.Nullable;

/**
 * The answers to choose from: n to each question, sampled once and recorded.
 *
 * @param n answers to each question
 * @param seed of the answers, and of what a published scorer draws
 */
record Candidates(
    PolicyBenchmark benchmark,
    List<PolicyItem> items,
    int n,
    float temperature,
    String instruction,
    int maxNewTokens,
    long seed) {
  static final String FILE = "candidates.jsonl";

  /** An answer, as far as choosing looks at it. */
  record Candidate(String text, int tokens, Verdict verdict) {
    /** What a judge is shown: the answer without its thinking, and never nothing. */
    String shown() {
      String answer = Questions.harmless(Layout.of(text).answer(text));
      return answer.isBlank() ? "(no answer)" : answer;
    }
  }

  /** Samples what is not yet recorded; returns how many answers that was. */
  int ask(AnsweringModel model, EvalFolder.Records records, StopSignal stop) {
    Sampling sampling = new Sampling(n, temperature, 1f, 0, 1f, maxNewTokens);
    int questions =
        new Asking(model, records, stop)
            .run(
                items.stream()
                    .map(
                        item ->
                            new Asking.Item(
                                item.id(),
                                List.of(
                                    new AskStream.Ask(
                                        PolicyEvaluation.prompt(item, instruction),
                                        sampling,
                                        Seeds.ofName(seed, "candidates/" + item.id()))),
                                Candidates::record))
                    .iterator(),
                items.size());
    return questions * n;
  }

  private static Map<String, @Nullable Object> record(List<List<Answer>> answers) {
    Map<String, @Nullable Object> record = new LinkedHashMap<>();
    record.put("candidates", answers.getFirst().stream().map(AnswerRecord::of).toList());
    return record;
  }

  /**
   * The recorded answers to a question.
   *
   * @return n of them; wrong and empty ones where the question could not be asked
   */
  List<Candidate> of(PolicyItem item, EvalFolder.Records records) {
    List<Candidate> candidates = new ArrayList<>();
    if (records.get(item.id()).orElse(Map.of()).get("candidates") instanceof List<?> list) {
      for (Object each : list) {
        if (each instanceof Map<?, ?> fields) {
          String text = AnswerRecord.text(fields, "text");
          long draw = Seeds.ofName(seed, "draw/" + item.id() + "/" + candidates.size());
          candidates.add(
              new Candidate(
                  text,
                  (int) AnswerRecord.number(fields, "tokens"),
                  benchmark.verdict(item.row(), text, draw)));
        }
      }
    }
    while (candidates.size() < n) {
      candidates.add(new Candidate("", 0, new Verdict(Optional.empty(), false, false)));
    }
    return candidates;
  }
}
