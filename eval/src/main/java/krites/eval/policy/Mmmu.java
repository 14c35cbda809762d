package krites.eval.policy;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import krites.data.benchmark.BenchmarkRow;
import krites.data.benchmark.MmmuPrompts;
import krites.reward.published.FinalAnswer;
import krites.reward.published.MmmuChoice;
import krites.reward.published.MmmuOpen;

/**
 * MMMU ({@code MMMU/MMMU}, {@code lmms-lab/MMMU}) and MMMU-Pro. All pictures that the text speaks
 * of are shown, in the order of their numbers.
 *
 * @param pro whether the rules of MMMU-Pro read the answers
 */
public record Mmmu(boolean pro) implements PolicyBenchmark {
  private static final Pattern MARKER = Pattern.compile("<image (\\d)>");
  private static final Pattern SUBJECT = Pattern.compile("^[^_]+_(.+?)_\\d+$");

  /** The six disciplines of the paper and their subjects. */
  private static final Map<String, List<String>> DISCIPLINES =
      Map.of(
          "Art and Design", List.of("Art", "Art_Theory", "Design", "Music"),
          "Business", List.of("Accounting", "Economics", "Finance", "Manage", "Marketing"),
          "Science", List.of("Biology", "Chemistry", "Geography", "Math", "Physics"),
          "Health and Medicine",
              List.of(
                  "Basic_Medical_Science",
                  "Clinical_Medicine",
                  "Diagnostics_and_Laboratory_Medicine",
                  "Pharmacy",
                  "Public_Health"),
          "Humanities and Social Science",
              List.of("History", "Literature", "Sociology", "Psychology"),
          "Tech and Engineering",
              List.of(
                  "Agriculture",
                  "Architecture_and_Engineering",
                  "Computer_Science",
                  "Electronics",
                  "Energy_and_Power",
                  "Materials",
                  "Mechanical_Engineering"));

  @Override
  public String name() {
    return pro ? "mmmu-pro" : "mmmu";
  }

  @Override
  public String title() {
    return pro
        ? "MMMU-Pro; published parser of ten options"
        : "MMMU; published parser of choices and open answers";
  }

  @Override
  public List<String> columns() {
    return List.of("id", "question", "options", "answer");
  }

  @Override
  public String id(BenchmarkRow row, long number) {
    return row.value("id");
  }

  @Override
  public String question(BenchmarkRow row) {
    return open(row)
        ? row.text("question") + "\n\n" + MmmuPrompts.published().openEnded()
        : MmmuPrompts.published().choice(row.text("question"), row.texts("options"));
  }

  /** Old files say {@code short-answer}, new ones {@code open}; MMMU-Pro asks choices alone. */
  private static boolean open(BenchmarkRow row) {
    return row.cell("question_type").filter(type -> !type.equals("multiple-choice")).isPresent();
  }

  @Override
  public List<List<String>> pictures(BenchmarkRow row) {
    TreeSet<String> marked = new TreeSet<>();
    Matcher marker = MARKER.matcher(question(row));
    while (marker.find()) {
      marked.add("image_" + marker.group(1));
    }
    if (marked.isEmpty()) {
      return List.of(List.of("image_1", "image"));
    }
    return marked.stream().map(List::of).toList();
  }

  @Override
  public Map<String, List<String>> tags(BenchmarkRow row) {
    Map<String, List<String>> tags = new LinkedHashMap<>();
    Matcher subject = SUBJECT.matcher(row.value("id"));
    if (subject.matches()) {
      String name = subject.group(1);
      DISCIPLINES.forEach(
          (discipline, subjects) -> {
            if (subjects.contains(name)) {
              tags.put("discipline", List.of(discipline));
            }
          });
      tags.put("subject", List.of(name));
    }
    tags.putAll(Tags.of(row, "question_type", "topic_difficulty"));
    return tags;
  }

  @Override
  public Verdict verdict(BenchmarkRow row, String response, long seed) {
    String answer = FinalAnswer.of(response).text();
    if (open(row)) {
      MmmuOpen read = MmmuOpen.read(answer);
      List<String> parts = new ArrayList<>(read.texts());
      read.numbers().forEach(number -> parts.add(number.toString()));
      return Verdict.of(
          String.join(" | ", parts.stream().sorted().toList()), read.matches(answers(row)));
    }
    List<String> options = row.texts("options");
    OptionalInt choice = (pro ? MmmuChoice.PRO : MmmuChoice.OFFICIAL).read(answer, options);
    int option = choice.orElseGet(() -> new SplittableRandom(seed).nextInt(options.size()));
    String letter = MmmuChoice.letter(option);
    return new Verdict(Optional.of(letter), letter.equals(expected(row)), choice.isEmpty());
  }

  /** One answer, or a list of them that Python wrote into the column. */
  private static List<String> answers(BenchmarkRow row) {
    return row.value("answer").startsWith("[") ? row.texts("answer") : List.of(row.value("answer"));
  }

  @Override
  public int maxNewTokens() {
    return MmmuPrompts.published().maxNewTokens();
  }
}
