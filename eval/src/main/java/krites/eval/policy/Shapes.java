package krites.eval.policy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.data.benchmark.BenchmarkRow;
import krites.data.shapes.ShapesItem;
import krites.data.shapes.ShapesWorld;
import krites.data.shapes.Split;
import krites.reward.AnswerGrader;
import krites.reward.BoxedAnswer;
import krites.reward.WhitespaceSqueeze;

/** Held-out questions of the built-in world: the box is graded as in training. */
public record Shapes() implements PolicyBenchmark {
  /** Its {@code --bench}. */
  public static final String NAME = "shapes-policy";

  /** The first items of a split of a world. */
  public static List<PolicyItem> items(ShapesWorld world, Split split, long size) {
    Shapes benchmark = new Shapes();
    List<PolicyItem> items = new ArrayList<>();
    for (long number = 0; number < size; number++) {
      ShapesItem item = world.item(split, number);
      ObjectNode cells = JsonNodeFactory.instance.objectNode();
      cells.put("question", item.questionText());
      cells.put("answer", item.answer());
      cells.put("kind", item.question().kind().word());
      BenchmarkRow row = new BenchmarkRow(cells);
      items.add(
          new PolicyItem(
              number,
              benchmark.id(row, number),
              benchmark.question(row),
              List.of(item.image()),
              Optional.empty(),
              benchmark.tags(row),
              row));
    }
    return items;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String title() {
    return "held-out questions of the built-in world; boxed answers, graded as in training";
  }

  @Override
  public List<String> columns() {
    return List.of("question", "answer", "kind");
  }

  @Override
  public String id(BenchmarkRow row, long number) {
    return "shapes-" + number;
  }

  @Override
  public String question(BenchmarkRow row) {
    return row.text("question");
  }

  @Override
  public Map<String, List<String>> tags(BenchmarkRow row) {
    return Tags.of(row, "kind");
  }

  @Override
  public Verdict verdict(BenchmarkRow row, String response, long seed) {
    String box = BoxedAnswer.extract(WhitespaceSqueeze.squeeze(response));
    return box.equals(BoxedAnswer.NONE)
        ? Verdict.unread()
        : Verdict.of(box, AnswerGrader.grade(box, expected(row)));
  }
}
