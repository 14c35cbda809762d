package krites.eval.policy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import krites.data.benchmark.BenchmarkRow;
import krites.reward.published.MathVistaAnswer;

/**
 * MathVista ({@code AI4Math/MathVista}, or {@code data/testmini.json}): its own prompt of hint,
 * question and choices; verdicts of its scorer, on answers found by rules in place of GPT-4.
 */
public record MathVista() implements PolicyBenchmark {
  private static final String[] FACTS = {
    "language", "source", "category", "task", "context", "grade"
  };

  @Override
  public String name() {
    return "mathvista";
  }

  @Override
  public String title() {
    return "MathVista; published normal forms, answers found by rules";
  }

  @Override
  public List<String> columns() {
    return List.of("pid", "question_type", "answer_type", "answer");
  }

  @Override
  public String id(BenchmarkRow row, long number) {
    return row.value("pid");
  }

  @Override
  public String question(BenchmarkRow row) {
    return row.text(row.has("query") ? "query" : "question");
  }

  @Override
  public Map<String, List<String>> tags(BenchmarkRow row) {
    Map<String, List<String>> tags =
        new LinkedHashMap<>(Tags.of(row, "question_type", "answer_type"));
    Optional<BenchmarkRow> facts = row.part("metadata");
    facts.ifPresent(
        found -> {
          tags.putAll(Tags.of(found, FACTS));
          if (found.has("skills")) {
            tags.put("skills", found.texts("skills"));
          }
        });
    return tags;
  }

  @Override
  public Verdict verdict(BenchmarkRow row, String response, long seed) {
    MathVistaAnswer answer = answer(row);
    String extraction = answer.extract(response);
    return answer
        .normalise(extraction)
        .map(read -> Verdict.of(read, read.equals(expected(row))))
        .orElseGet(Verdict::unread);
  }

  /** The form of a row's answer. */
  public static MathVistaAnswer answer(BenchmarkRow row) {
    boolean choice = row.value("question_type").equals("multi_choice");
    return new MathVistaAnswer(
        choice ? row.texts("choices") : List.of(),
        choice,
        MathVistaAnswer.Type.named(row.value("answer_type")),
        row.has("precision")
            ? OptionalInt.of((int) Double.parseDouble(row.value("precision")))
            : OptionalInt.empty());
  }
}
