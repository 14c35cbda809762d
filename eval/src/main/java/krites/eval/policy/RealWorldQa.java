package krites.eval.policy;

import java.util.List;
import java.util.Map;
import krites.data.benchmark.BenchmarkRow;
import krites.reward.published.FinalAnswer;
import krites.reward.published.RealWorldQaAnswer;

/** RealWorldQA ({@code xai-org/RealworldQA}, {@code lmms-lab/RealWorldQA}): an exact match. */
public record RealWorldQa() implements PolicyBenchmark {
  @Override
  public String name() {
    return "realworldqa";
  }

  @Override
  public String title() {
    return "RealWorldQA; exact match of letter, word or number";
  }

  @Override
  public List<String> columns() {
    return List.of("question", "answer", "image");
  }

  @Override
  public String id(BenchmarkRow row, long number) {
    return "row-" + number;
  }

  @Override
  public String question(BenchmarkRow row) {
    return row.text("question").strip();
  }

  @Override
  public Map<String, List<String>> tags(BenchmarkRow row) {
    return Map.of();
  }

  @Override
  public Verdict verdict(BenchmarkRow row, String response, long seed) {
    String answer = FinalAnswer.of(response).text();
    String question = row.text("question");
    return Verdict.of(
        RealWorldQaAnswer.read(question, answer),
        RealWorldQaAnswer.correct(question, answer, expected(row)));
  }

  @Override
  public int maxNewTokens() {
    return 16;
  }
}
