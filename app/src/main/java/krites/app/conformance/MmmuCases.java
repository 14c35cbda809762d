package krites.app.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import krites.eval.policy.Mmmu;
import krites.eval.policy.PolicyBenchmark;
import krites.eval.policy.PolicyItem;
import krites.eval.policy.PolicyItems;
import krites.eval.policy.Verdict;
import krites.reward.published.MmmuChoice;
import krites.reward.published.MmmuOpen;

/** What public programs read in outputs on MMMU and MMMU-Pro. */
final class MmmuCases {
  private static final String OUTPUTS = "mmmu_val_outputs_parsed.jsonl";
  private static final String ANSWERS = "mmmu_val_answers.json";

  /** How a comparison names a choice that the published program draws at random. */
  private static final String DRAWN = "drawn";

  private MmmuCases() {}

  static void outputs(List<JsonNode> rows, PolicyCheck.Found found) {
    List<String> official = new ArrayList<>();
    List<String> lmms = new ArrayList<>();
    List<String> open = new ArrayList<>();
    List<String> verdicts = new ArrayList<>();
    long choices = 0;
    for (JsonNode row : rows) {
      String label = row.path("model").asText() + " " + row.path("id").asText();
      boolean correct;
      if (row.path("question_type").asText().equals("multiple-choice")) {
        choices++;
        List<String> options = texts(row.path("index2ans"));
        String response = row.path("response").asText();
        String seen = letter(MmmuChoice.OFFICIAL.read(response, options));
        compare(label, row.path("parsed").asText(DRAWN), seen, official);
        compare(
            label,
            row.path("parsed_lmms_eval").asText(DRAWN),
            letter(MmmuChoice.LMMS_EVAL.read(response, options)),
            lmms);
        correct = texts(row.path("answer")).contains(seen);
      } else {
        MmmuOpen read = MmmuOpen.read(row.path("response").asText());
        compare(label, parts(row.path("parsed")), parts(read), open);
        correct = read.matches(texts(row.path("answer")));
      }
      if (!row.path("correct").isNull() && correct != row.path("correct").asBoolean()) {
        verdicts.add(label + ": expected " + row.path("correct") + ", seen " + correct);
      }
    }
    found.cases("parsed choices", choices, official);
    found.cases("parsed_lmms_eval", choices, lmms);
    found.cases("parsed open answers", rows.size() - choices, open);
    found.cases("correct", rows.size(), verdicts);
  }

  private static void compare(String label, String golden, String seen, List<String> wrong) {
    if (!golden.equals(seen)) {
      wrong.add(label + ": expected " + golden + ", seen " + seen);
    }
  }

  private static String letter(OptionalInt option) {
    return option.isPresent() ? MmmuChoice.letter(option.getAsInt()) : DRAWN;
  }

  private static List<String> texts(JsonNode node) {
    List<String> texts = new ArrayList<>();
    if (node.isValueNode()) {
      texts.add(node.asText());
    }
    node.forEach(each -> texts.add(each.asText()));
    return texts;
  }

  private static String parts(JsonNode parsed) {
    Set<String> parts = new TreeSet<>();
    parsed.forEach(
        part -> parts.add(part.isNumber() ? Double.toString(part.asDouble()) : part.asText()));
    return parts.toString();
  }

  private static String parts(MmmuOpen read) {
    Set<String> parts = new TreeSet<>(read.texts());
    read.numbers().forEach(number -> parts.add(number.toString()));
    return parts.toString();
  }

  /** The list of answers is that of the outputs. */
  static void answers(Path folder, PolicyCheck.Found found) throws IOException {
    JsonNode answers = PolicyCheck.document(folder, ANSWERS);
    List<String> wrong = new ArrayList<>();
    long compared = 0;
    for (JsonNode row : PolicyCheck.rows(folder, OUTPUTS)) {
      JsonNode golden = answers.path(row.path("id").asText());
      if (golden.isMissingNode()) {
        continue;
      }
      compared++;
      if (!golden.path("ground_truth").equals(row.path("answer"))
          || !golden.path("question_type").equals(row.path("question_type"))) {
        wrong.add(
            row.path("id").asText() + ": expected " + golden + ", seen " + row.path("answer"));
      }
    }
    found.cases("answers", compared, wrong);
  }

  /** Ten options: the whole way from a row of the file to the verdict. */
  static void pro(Path file, List<JsonNode> outputs, PolicyCheck.Found found) {
    PolicyBenchmark benchmark = new Mmmu(true);
    List<PolicyItem> items = PolicyItems.read(benchmark, file.toString(), Optional.empty(), 0);
    List<String> wrong = new ArrayList<>();
    long drawn = 0;
    for (int i = 0; i < items.size(); i++) {
      JsonNode output = outputs.get(i);
      Verdict seen = benchmark.verdict(items.get(i).row(), output.path("response").asText(), i);
      if (seen.drawn()) {
        drawn++;
        continue;
      }
      String label = items.get(i).id();
      compare(label, output.path("pred_indexs").asText(), seen.read().orElse(""), wrong);
      if (seen.correct() != output.path("if_right").asBoolean()) {
        wrong.add(label + ": expected " + output.path("if_right") + ", seen " + seen.correct());
      }
    }
    found.cases("pred_indexs, if_right", items.size() - drawn, wrong);
    if (drawn > 0) {
      found.notChecked("drawn at random", drawn + " answers, by the published program too");
    }
  }
}
