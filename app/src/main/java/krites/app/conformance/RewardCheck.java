package krites.app.conformance;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import krites.reward.AnswerGrader;
import krites.reward.AnswerScore;
import krites.reward.BoxedAnswer;
import krites.reward.CaptionReward;
import krites.reward.DapoReward;
import krites.reward.MathReward;
import krites.reward.R1vReward;
import krites.reward.WhitespaceSqueeze;

/**
 * Checks the reward functions row by row against {@code reward/*.jsonl}; the file name says which
 * function.
 */
public final class RewardCheck implements ConformanceCheck {
  private static final double TOLERANCE = 1e-9;
  private static final ObjectMapper JSON = new ObjectMapper();

  @Override
  public String name() {
    return "reward";
  }

  @Override
  public boolean appliesTo(Path directory) {
    return Files.isDirectory(directory.resolve(name()));
  }

  @Override
  public void run(Path directory, Consumer<CaseResult> results) throws IOException {
    List<Path> files;
    try (Stream<Path> found = Files.list(directory.resolve(name()))) {
      files = found.filter(Files::isRegularFile).filter(RewardCheck::isRows).sorted().toList();
    }
    for (Path file : files) {
      runFile(file, results);
    }
  }

  private static boolean isRows(Path file) {
    return file.getFileName().toString().endsWith(".jsonl");
  }

  private void runFile(Path file, Consumer<CaseResult> results) {
    String caseName = file.getFileName().toString().replaceFirst("\\.jsonl$", "");
    List<String> lines;
    try {
      lines = Files.readAllLines(file);
    } catch (IOException e) {
      results.accept(CaseResult.failed(name(), caseName, "", "cannot read: " + e.getMessage()));
      return;
    }
    for (int i = 0; i < lines.size(); i++) {
      if (!lines.get(i).isBlank()) {
        results.accept(row(caseName, String.valueOf(i + 1), lines.get(i)));
      }
    }
  }

  private CaseResult row(String caseName, String item, String line) {
    try {
      Comparison comparison = new Comparison(JSON.readTree(line));
      switch (caseName) {
        case "easyr1_math", "critic_math" ->
            comparison.answer(
                new MathReward(comparison.number("format_weight"))
                    .score(comparison.text("response"), comparison.text("ground_truth")));
        case "critic_caption" ->
            comparison.answer(
                new CaptionReward(comparison.number("format_weight"))
                    .score(comparison.text("response"), comparison.text("ground_truth")));
        case "easyr1_r1v", "critic_r1v" ->
            comparison.answer(
                new R1vReward(comparison.number("format_weight"))
                    .score(comparison.text("response"), comparison.text("ground_truth")));
        case "easyr1_dapo" -> dapo(comparison);
        case "mathruler_extract_boxed" -> boxed(comparison);
        case "mathruler_grade_answer" -> grade(comparison);
        default -> {
          return CaseResult.failed(
              name(), caseName, item, "no reward function is known by this file name");
        }
      }
      return comparison.result(name(), caseName, item);
    } catch (JsonProcessingException e) {
      return CaseResult.failed(
          name(), caseName, item, "line " + item + " is not JSON: " + e.getOriginalMessage());
    } catch (IllegalArgumentException e) {
      return CaseResult.failed(name(), caseName, item, String.valueOf(e.getMessage()));
    }
  }

  private static void dapo(Comparison row) {
    DapoReward reward =
        new DapoReward(
            (int) row.number("max_response_length"),
            (int) row.number("overlong_buffer_length"),
            row.number("overlong_penalty_factor"));
    DapoReward.Score score =
        reward.score(
            row.text("response"), row.text("ground_truth"), (int) row.number("response_length"));
    row.compare("overall", score.overall());
    row.compare("accuracy", score.accuracy());
    row.compare("overlong", score.overlong());
    row.compare("accuracy_normalized", score.accuracyNormalized());
  }

  private static void boxed(Comparison row) {
    String response = row.text("response");
    String squeezed = WhitespaceSqueeze.squeeze(response);
    row.compare("after_whitespace_rule", squeezed);
    row.compare("boxed_of_raw", BoxedAnswer.extract(response));
    row.compare("boxed_after_rule", BoxedAnswer.extract(squeezed));
  }

  private static void grade(Comparison row) {
    String given = row.text("given");
    String truth = row.text("ground_truth");
    row.compare("normalize_answer_given", AnswerGrader.mathNormalForm(given));
    row.compare("normalize_answer_truth", AnswerGrader.mathNormalForm(truth));
    row.compare("normalize_given", AnswerGrader.normalForm(given));
    row.compare("normalize_truth", AnswerGrader.normalForm(truth));
    row.compare("equal", String.valueOf(AnswerGrader.grade(given, truth)));
  }

  /** One row and what differs from it. */
  private static final class Comparison {
    private final JsonNode row;
    private final List<String> differences = new ArrayList<>();
    private double maxDifference;

    Comparison(JsonNode row) {
      this.row = row;
    }

    String text(String field) {
      return value(field).asText();
    }

    double number(String field) {
      JsonNode value = value(field);
      if (!value.isNumber()) {
        throw new IllegalArgumentException("field " + field + " is not a number");
      }
      return value.asDouble();
    }

    private JsonNode value(String field) {
      JsonNode value = row.get(field);
      if (value == null || value.isNull()) {
        throw new IllegalArgumentException("field " + field + " is missing");
      }
      return value;
    }

    void answer(AnswerScore score) {
      compare("overall", score.overall());
      compare("format", score.format());
      compare("accuracy", score.accuracy());
    }

    void compare(String field, double seen) {
      double difference = Math.abs(number(field) - seen);
      maxDifference = Math.max(maxDifference, difference);
      if (!(difference <= TOLERANCE)) {
        differences.add(field + " " + number(field) + " expected, " + seen + " seen");
      }
    }

    void compare(String field, String seen) {
      if (!text(field).equals(seen)) {
        maxDifference = Math.max(maxDifference, 1);
        differences.add(field + " \"" + text(field) + "\" expected, \"" + seen + "\" seen");
      }
    }

    CaseResult result(String check, String caseName, String item) {
      return new CaseResult(
          check,
          caseName,
          item,
          maxDifference,
          TOLERANCE,
          differences.isEmpty(),
          String.join("; ", differences));
    }
  }
}
