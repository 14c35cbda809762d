package krites.eval.policy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.data.benchmark.BenchmarkRow;
import krites.eval.Measure;
import krites.reward.published.FinalAnswer;
import krites.reward.published.YesNoAnswer;

/**
 * HallusionBench ({@code lmms-lab/HallusionBench}, or the authors' {@code HallusionBench.json}):
 * accuracy of all questions, of whole figures and of whole questions. A row without a picture
 * ({@code visual_input} 0) is asked without one.
 */
public record HallusionBench() implements PolicyBenchmark {
  private static final List<String> FIGURE =
      List.of("category", "subcategory", "set_id", "figure_id");
  private static final List<String> QUESTION =
      List.of("category", "subcategory", "set_id", "question_id");

  /** Tags that tell rows apart and are no groups of a report. */
  private static final List<String> IDS = List.of("set_id", "figure_id", "question_id");

  @Override
  public String name() {
    return "hallusionbench";
  }

  @Override
  public String title() {
    return "HallusionBench; yes or no, of all questions, whole figures and whole questions";
  }

  @Override
  public List<String> columns() {
    return List.of("category", "subcategory", "set_id", "figure_id", "question_id", "gt_answer");
  }

  @Override
  public String id(BenchmarkRow row, long number) {
    return String.join(
        "_",
        row.value("category"),
        row.value("subcategory"),
        row.value("set_id"),
        row.value("figure_id"),
        row.value("question_id"));
  }

  @Override
  public String question(BenchmarkRow row) {
    return row.text("question") + "\nPlease answer yes or no.";
  }

  @Override
  public List<List<String>> pictures(BenchmarkRow row) {
    boolean none = row.has("visual_input") && row.value("visual_input").equals("0");
    return none ? List.of() : List.of(List.of("image", "filename"));
  }

  @Override
  public Map<String, List<String>> tags(BenchmarkRow row) {
    return Tags.of(row, "category", "subcategory", "set_id", "figure_id", "question_id");
  }

  @Override
  public String expected(BenchmarkRow row) {
    return row.value("gt_answer").equals("1") ? "yes" : "no";
  }

  @Override
  public Verdict verdict(BenchmarkRow row, String response, long seed) {
    Optional<Boolean> read = YesNoAnswer.read(FinalAnswer.of(response).text());
    return read.map(yes -> yes ? "yes" : "no")
        .map(word -> Verdict.of(word, word.equals(expected(row))))
        .orElseGet(Verdict::unread);
  }

  @Override
  public List<Measure> measures(List<Scored> items) {
    List<Measure> measures = new ArrayList<>();
    measures.add(PolicyBenchmark.accuracy("aAcc", items));
    // Without its figure a question of the visual supplement has none to be whole.
    List<Scored> figures =
        items.stream()
            .filter(
                item -> !item.tag("category").equals("VS") || !item.tag("figure_id").equals("0"))
            .toList();
    measures.add(PolicyBenchmark.allRight("fAcc", figures, FIGURE));
    measures.add(PolicyBenchmark.allRight("qAcc", items, QUESTION));
    PolicyBenchmark.byTag(items).stream()
        .filter(measure -> IDS.stream().noneMatch(id -> measure.name().contains("/" + id + "=")))
        .forEach(measures::add);
    return measures;
  }
}
