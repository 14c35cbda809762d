package krites.eval.policy;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import krites.data.benchmark.BenchmarkRow;
import krites.eval.Bootstrap;
import krites.eval.Measure;
import krites.reward.published.FinalAnswer;
import krites.reward.published.LetterAnswer;

/** MMStar ({@code Lin-Chen/MMStar}): the question holds its options; the first letter decides. */
public record MmStar() implements PolicyBenchmark {
  private static final String DETAIL = "l2_category";

  @Override
  public String name() {
    return "mmstar";
  }

  @Override
  public String title() {
    return "MMStar; first letter, mean over all items and over l2 categories";
  }

  @Override
  public List<String> columns() {
    return List.of("index", "question", "answer", "category", DETAIL);
  }

  @Override
  public String id(BenchmarkRow row, long number) {
    return row.value("index");
  }

  @Override
  public String question(BenchmarkRow row) {
    return row.text("question").strip()
        + "\nAnswer with the option's letter from the given choices directly.";
  }

  @Override
  public Map<String, List<String>> tags(BenchmarkRow row) {
    return Tags.of(row, "category", DETAIL);
  }

  @Override
  public Verdict verdict(BenchmarkRow row, String response, long seed) {
    String answer = FinalAnswer.of(response).text();
    return Verdict.of(answer, LetterAnswer.correct(answer, expected(row)));
  }

  @Override
  public List<Measure> measures(List<Scored> items) {
    List<Measure> measures = new ArrayList<>();
    measures.add(PolicyBenchmark.accuracy("accuracy", items));
    measures.add(Bootstrap.of("macro/" + DETAIL, items.size(), items, MmStar::macro));
    measures.addAll(PolicyBenchmark.byTag(items));
    return measures;
  }

  /** The mean of the categories' means, which lmms-eval reports. */
  private static double macro(List<Scored> items) {
    return items.stream()
        .collect(
            Collectors.groupingBy(
                item -> item.tag(DETAIL),
                LinkedHashMap::new,
                Collectors.averagingDouble(Scored::score)))
        .values()
        .stream()
        .mapToDouble(Double::doubleValue)
        .average()
        .orElse(Double.NaN);
  }
}
