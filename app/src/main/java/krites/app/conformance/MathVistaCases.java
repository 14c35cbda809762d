package krites.app.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import krites.data.benchmark.BenchmarkRow;
import krites.eval.policy.MathVista;
import krites.eval.policy.PolicyBenchmark;
import krites.eval.policy.PolicyItem;
import krites.eval.policy.PolicyItems;
import krites.reward.published.MathVistaAnswer;
import krites.reward.published.MmmuChoice;

/** MathVista's questions, outputs of six models on them, and the tables of their scores. */
final class MathVistaCases {
  private static final String QUESTIONS = "mathvista_testmini.jsonl";
  private static final String OUTPUTS = "mathvista_model_outputs.jsonl";
  private static final String SCORES = "mathvista_expected_scores.json";

  /** How older files name a grade; the tables were made from them. */
  private static final Map<String, String> OLD_NAMES =
      Map.of("grade/daily life", "grade/not applicable");

  /** Older files say something else about the skills of some questions. */
  private static final String SKILLS = "skills/";

  private static final PolicyBenchmark BENCHMARK = new MathVista();

  private MathVistaCases() {}

  private static Map<String, PolicyItem> items(Path folder) {
    Map<String, PolicyItem> items = new LinkedHashMap<>();
    String file = folder.resolve(QUESTIONS).toString();
    for (PolicyItem item : PolicyItems.read(BENCHMARK, file, Optional.empty(), 0)) {
      items.put(item.id(), item);
    }
    return items;
  }

  /** Every row is read, asked in its own words, and right when it is answered by its answer. */
  static void questions(Path file, PolicyCheck.Found found) {
    List<PolicyItem> items = PolicyItems.read(BENCHMARK, file.toString(), Optional.empty(), 0);
    List<String> wrong = new ArrayList<>();
    for (PolicyItem item : items) {
      String truth = BENCHMARK.expected(item.row());
      List<String> choices = MathVista.answer(item.row()).choices();
      // Some choices look like the letter of another one, so a choice is answered by its letter.
      String given =
          choices.isEmpty() ? truth : MmmuChoice.letter(Math.max(0, choices.indexOf(truth)));
      if (!item.question().equals(item.row().value("query"))) {
        wrong.add(item.id() + " is asked in other words");
      }
      if (!BENCHMARK.verdict(item.row(), "\\boxed{" + given + "}", 0).correct()) {
        wrong.add(item.id() + ": its own answer \"" + truth + "\" counts as wrong");
      }
    }
    found.cases("rows", items.size(), wrong);
  }

  /** Predictions and verdicts of the published scorer, from what GPT-4 extracted. */
  static void outputs(Path folder, List<JsonNode> rows, PolicyCheck.Found found) {
    Map<String, PolicyItem> items = items(folder);
    List<String> predictions = new ArrayList<>();
    List<String> verdicts = new ArrayList<>();
    long agree = 0;
    for (JsonNode row : rows) {
      BenchmarkRow question = question(items, row);
      MathVistaAnswer answer = MathVista.answer(question);
      Optional<String> seen = answer.normalise(row.path("extraction").asText());
      String label = row.path("model").asText() + " " + row.path("pid").asText();
      if (!seen.equals(Optional.ofNullable(row.path("prediction").textValue()))) {
        predictions.add(label + ": expected " + row.path("prediction") + ", seen " + seen);
      }
      boolean correct = answer.correct(row.path("extraction").asText(), question.value("answer"));
      if (correct != row.path("true_false").asBoolean()) {
        verdicts.add(label + ": expected " + row.path("true_false") + ", seen " + correct);
      }
      boolean byRules = BENCHMARK.verdict(question, row.path("response").asText(), 0).correct();
      agree += byRules == row.path("true_false").asBoolean() ? 1 : 0;
    }
    found.cases("prediction", rows.size(), predictions);
    found.cases("true_false", rows.size(), verdicts);
    found.notChecked(
        "verdicts without GPT-4",
        String.format(
            Locale.ROOT,
            "answers found by rules give the same verdict in %.1f %% of %d outputs",
            100.0 * agree / rows.size(),
            rows.size()));
  }

  private static BenchmarkRow question(Map<String, PolicyItem> items, JsonNode output) {
    PolicyItem item = items.get(output.path("pid").asText());
    if (item == null) {
      throw new IllegalArgumentException("no question with pid " + output.path("pid"));
    }
    return item.row();
  }

  /** Every cell of every model's table. */
  static void scores(Path folder, PolicyCheck.Found found) throws IOException {
    Map<String, PolicyItem> items = items(folder);
    Map<String, Map<String, long[]>> tables = new LinkedHashMap<>();
    for (JsonNode row : PolicyCheck.rows(folder, OUTPUTS)) {
      Map<String, long[]> table =
          tables.computeIfAbsent(row.path("model").asText(), _ -> new LinkedHashMap<>());
      BenchmarkRow question = question(items, row);
      boolean correct =
          MathVista.answer(question)
              .correct(row.path("extraction").asText(), question.value("answer"));
      add(table, "average", correct);
      BENCHMARK
          .tags(question)
          .forEach(
              (key, values) -> values.forEach(value -> add(table, key + "/" + value, correct)));
    }
    PolicyCheck.document(folder, SCORES)
        .properties()
        .forEach(
            model ->
                table(
                    model.getKey(),
                    model.getValue(),
                    tables.getOrDefault(model.getKey(), Map.of()),
                    found));
  }

  private static void add(Map<String, long[]> table, String cell, boolean correct) {
    long[] count = table.computeIfAbsent(cell, _ -> new long[2]);
    count[0] += correct ? 1 : 0;
    count[1]++;
  }

  private static void table(
      String model, JsonNode golden, Map<String, long[]> seen, PolicyCheck.Found found) {
    for (var group : golden.properties()) {
      if (group.getValue().has("total")) {
        cell(model, group.getKey(), group.getValue(), seen, found);
        continue;
      }
      for (var value : group.getValue().properties()) {
        cell(model, group.getKey() + "/" + value.getKey(), value.getValue(), seen, found);
      }
    }
  }

  private static void cell(
      String model,
      String name,
      JsonNode golden,
      Map<String, long[]> table,
      PolicyCheck.Found found) {
    long[] seen = table.getOrDefault(OLD_NAMES.getOrDefault(name, name), new long[2]);
    long total = golden.path("total").asLong(-1);
    if (name.startsWith(SKILLS) && total != seen[1] && seen[1] > 0) {
      found.notChecked(
          model + " " + name,
          "the table counts " + total + " questions, the questions' own metadata " + seen[1]);
      return;
    }
    found.counts(model + " " + name, seen[0], seen[1], golden.path("correct").asLong(-1), total);
  }
}
