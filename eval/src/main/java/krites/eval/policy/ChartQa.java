package krites.eval.policy;

import java.util.List;
import java.util.Map;
import krites.data.benchmark.BenchmarkRow;
import krites.reward.published.FinalAnswer;
import krites.reward.published.RelaxedAccuracy;

/**
 * ChartQA, as {@code lmms-lab/ChartQA} ({@code question}, {@code answer}, {@code type}) or as the
 * authors ship it ({@code query}, {@code label}, {@code imgname}): relaxed accuracy.
 */
public record ChartQa() implements PolicyBenchmark {
  @Override
  public String name() {
    return "chartqa";
  }

  @Override
  public String title() {
    return "ChartQA; relaxed accuracy, numbers within 5 %";
  }

  @Override
  public List<String> columns() {
    return List.of("question or query", "answer or label");
  }

  @Override
  public String id(BenchmarkRow row, long number) {
    return "row-" + number;
  }

  @Override
  public String question(BenchmarkRow row) {
    return row.text(row.has("query") ? "query" : "question")
        + "\nAnswer the question using a single word or phrase.";
  }

  @Override
  public List<List<String>> pictures(BenchmarkRow row) {
    return List.of(List.of("image", "imgname"));
  }

  @Override
  public Map<String, List<String>> tags(BenchmarkRow row) {
    return Tags.of(row, "type");
  }

  @Override
  public String expected(BenchmarkRow row) {
    return row.value(row.has("label") ? "label" : "answer");
  }

  @Override
  public Verdict verdict(BenchmarkRow row, String response, long seed) {
    String answer = FinalAnswer.of(response).text();
    return Verdict.of(answer, RelaxedAccuracy.correct(answer, expected(row)));
  }

  @Override
  public int maxNewTokens() {
    return 16;
  }
}
