package krites.eval.policy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.data.benchmark.BenchmarkRow;
import krites.reward.published.FinalAnswer;
import krites.reward.published.MathVerseAnswer;

/**
 * MathVerse ({@code AI4Math/MathVerse}): asked with {@code query_wo}, as the scripts of
 * LLaVA-Critic-R1 do; answers compared by rules in place of GPT-4.
 */
public record MathVerse() implements PolicyBenchmark {
  @Override
  public String name() {
    return "mathverse";
  }

  @Override
  public String title() {
    return "MathVerse; letters and graded answers, by rules in place of a judge";
  }

  @Override
  public List<String> columns() {
    return List.of("sample_index", "problem_version", "question_type", "answer");
  }

  @Override
  public String id(BenchmarkRow row, long number) {
    return row.value("sample_index");
  }

  @Override
  public String question(BenchmarkRow row) {
    return row.text(row.has("query_wo") ? "query_wo" : "question");
  }

  @Override
  public Map<String, List<String>> tags(BenchmarkRow row) {
    Map<String, List<String>> tags =
        new LinkedHashMap<>(Tags.of(row, "problem_version", "question_type"));
    row.part("metadata").ifPresent(facts -> tags.putAll(Tags.of(facts, "subject", "subfield")));
    return tags;
  }

  @Override
  public Verdict verdict(BenchmarkRow row, String response, long seed) {
    String answer = FinalAnswer.of(response).text();
    String question = row.text(row.has("question_for_eval") ? "question_for_eval" : "question");
    boolean choice = row.value("question_type").equals("multi-choice");
    boolean correct = MathVerseAnswer.correct(question, choice, answer, expected(row));
    Optional<String> letter =
        choice ? MathVerseAnswer.letter(question, answer) : Optional.of(answer);
    return new Verdict(letter, correct, false);
  }
}
