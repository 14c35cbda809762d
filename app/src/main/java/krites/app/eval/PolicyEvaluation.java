package krites.app.eval;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import krites.app.answer.Answer;
import krites.app.answer.AnsweringModel;
import krites.app.answer.AskStream;
import krites.app.answer.Questions;
import krites.app.answer.StopSignal;
import krites.data.CritiquePrompt;
import krites.eval.Measure;
import krites.eval.policy.PolicyBenchmark;
import krites.eval.policy.PolicyItem;
import krites.eval.policy.Scored;
import krites.eval.policy.Verdict;
import krites.grpo.Prompt;
import krites.grpo.Sampling;
import krites.grpo.Task;
import krites.grpo.flow.Seeds;
import org.jspecify.annotations.Nullable;

/**
 * A policy benchmark: each question answered once, greedily.
 *
 * @param instruction last sentence of each prompt; empty text for none
 * @param seed of what a published scorer draws
 */
record PolicyEvaluation(
    PolicyBenchmark benchmark,
    List<PolicyItem> list,
    String instruction,
    int maxNewTokens,
    long seed)
    implements Evaluation {
  PolicyEvaluation {
    list = List.copyOf(list);
  }

  @Override
  public String title() {
    return benchmark.title();
  }

  @Override
  public Map<String, Object> settings() {
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("instruction", instruction);
    settings.put("max_new_tokens", maxNewTokens);
    settings.put("seed", seed);
    return settings;
  }

  @Override
  public int items() {
    return list.size();
  }

  @Override
  public long withoutPictures() {
    return list.stream().filter(item -> item.trouble().isPresent()).count();
  }

  @Override
  public int ask(AnsweringModel model, EvalFolder.Records records, StopSignal stop) {
    Sampling greedy = Sampling.greedy(maxNewTokens);
    return new Asking(model, records, stop)
        .run(
            list.stream()
                .map(
                    item ->
                        new Asking.Item(
                            item.id(),
                            List.of(new AskStream.Ask(prompt(item), greedy, seed)),
                            answers -> record(item, answers.getFirst().getFirst())))
                .iterator(),
            list.size());
  }

  /** The prompt of an item, in the words of the benchmark and the instruction behind it. */
  Prompt prompt(PolicyItem item) {
    return prompt(item, instruction);
  }

  static Prompt prompt(PolicyItem item, String instruction) {
    String question = Questions.harmless(item.question());
    // The world's own line has its own wording; the published one follows without a separator.
    String text =
        instruction.equals(CritiquePrompt.SHORT_INSTRUCTION)
            ? CritiquePrompt.withImages(CritiquePrompt.policy(question, instruction), 0)
            : question + instruction;
    return Questions.pictured(item.id(), Task.POLICY, item.images(), text);
  }

  private Map<String, @Nullable Object> record(PolicyItem item, Answer answer) {
    Verdict verdict = verdict(item, answer.text());
    Map<String, @Nullable Object> record = new LinkedHashMap<>();
    record.put("row", item.number());
    record.put("question", item.question());
    record.put("images", item.images().size());
    record.put("expected", benchmark.expected(item.row()));
    record.put("read", verdict.read().orElse(null));
    record.put("drawn", verdict.drawn());
    record.put("correct", verdict.correct());
    record.putAll(AnswerRecord.of(answer));
    return record;
  }

  Verdict verdict(PolicyItem item, String response) {
    return benchmark.verdict(item.row(), response, Seeds.ofName(seed, "draw/" + item.id()));
  }

  @Override
  public List<Measure> measures(EvalFolder.Records records) {
    List<Scored> scored = new ArrayList<>();
    double unread = 0;
    double drawn = 0;
    for (PolicyItem item : list) {
      Map<String, Object> record = records.get(item.id()).orElse(Map.of());
      boolean answered = record.containsKey("text");
      Verdict verdict = verdict(item, answered ? AnswerRecord.text(record, "text") : "");
      unread += !answered || verdict.read().isEmpty() ? 1 : 0;
      drawn += answered && verdict.drawn() ? 1 : 0;
      // What could not be asked is wrong, whatever an empty answer would draw.
      scored.add(new Scored(item.id(), item.tags(), answered && verdict.correct()));
    }
    List<Measure> measures = new ArrayList<>(benchmark.measures(scored));
    int head = (int) measures.stream().takeWhile(each -> !each.name().contains("=")).count();
    measures.add(head, Measure.of("unread", unread / list.size(), list.size()));
    measures.add(head + 1, Measure.of("drawn", drawn / list.size(), list.size()));
    return measures;
  }
}
