package krites.reward;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;

/** Rows computed by the published reward functions (EasyR1, LLaVA-Critic-R1, MathRuler). */
final class GoldenRewardTest {
  private static final double TOLERANCE = 1e-9;

  @Test
  void mathRewardEqualsTheReference() throws IOException {
    for (String file : new String[] {"easyr1_math", "critic_math"}) {
      eachRow(
          file,
          (place, row) ->
              check(
                  place,
                  row,
                  new MathReward(weight(row))
                      .score(text(row, "response"), text(row, "ground_truth"))));
    }
  }

  @Test
  void captionRewardEqualsTheReference() throws IOException {
    eachRow(
        "critic_caption",
        (place, row) ->
            check(
                place,
                row,
                new CaptionReward(weight(row))
                    .score(text(row, "response"), text(row, "ground_truth"))));
  }

  @Test
  void r1vRewardEqualsTheReference() throws IOException {
    for (String file : new String[] {"easyr1_r1v", "critic_r1v"}) {
      eachRow(
          file,
          (place, row) ->
              check(
                  place,
                  row,
                  new R1vReward(weight(row))
                      .score(text(row, "response"), text(row, "ground_truth"))));
    }
  }

  @Test
  void dapoRewardEqualsTheReference() throws IOException {
    eachRow(
        "easyr1_dapo",
        (place, row) -> {
          DapoReward reward =
              new DapoReward(
                  row.get("max_response_length").asInt(),
                  row.get("overlong_buffer_length").asInt(),
                  row.get("overlong_penalty_factor").asDouble());
          DapoReward.Score score =
              reward.score(
                  text(row, "response"),
                  text(row, "ground_truth"),
                  row.get("response_length").asInt());
          assertEquals(row.get("overall").asDouble(), score.overall(), TOLERANCE, place);
          assertEquals(row.get("accuracy").asDouble(), score.accuracy(), place);
          assertEquals(row.get("overlong").asDouble(), score.overlong(), TOLERANCE, place);
        });
  }

  @Test
  void boxesAndWhiteSpaceEqualTheReference() throws IOException {
    eachRow(
        "mathruler_extract_boxed",
        (place, row) -> {
          String squeezed = WhitespaceSqueeze.squeeze(text(row, "response"));
          assertEquals(text(row, "after_whitespace_rule"), squeezed, place);
          assertEquals(
              text(row, "boxed_of_raw"), BoxedAnswer.extract(text(row, "response")), place);
          assertEquals(text(row, "boxed_after_rule"), BoxedAnswer.extract(squeezed), place);
        });
  }

  @Test
  void gradesAndNormalFormsEqualTheReference() throws IOException {
    eachRow(
        "mathruler_grade_answer",
        (place, row) -> {
          String given = text(row, "given");
          String truth = text(row, "ground_truth");
          assertEquals(
              text(row, "normalize_answer_given"), AnswerGrader.mathNormalForm(given), place);
          assertEquals(
              text(row, "normalize_answer_truth"), AnswerGrader.mathNormalForm(truth), place);
          assertEquals(text(row, "normalize_given"), AnswerGrader.normalForm(given), place);
          assertEquals(text(row, "normalize_truth"), AnswerGrader.normalForm(truth), place);
          assertEquals(row.get("equal").asBoolean(), AnswerGrader.grade(given, truth), place);
        });
  }

  private static void check(String place, JsonNode row, AnswerScore score) {
    assertEquals(row.get("overall").asDouble(), score.overall(), TOLERANCE, place);
    assertEquals(row.get("format").asDouble(), score.format(), place);
    assertEquals(row.get("accuracy").asDouble(), score.accuracy(), place);
  }

  private static void eachRow(String file, BiConsumer<String, JsonNode> check) throws IOException {
    ObjectMapper json = new ObjectMapper();
    try (InputStream in =
        Objects.requireNonNull(
            GoldenRewardTest.class.getResourceAsStream("/reward/" + file + ".jsonl"))) {
      String[] lines = new String(in.readAllBytes(), StandardCharsets.UTF_8).strip().split("\n");
      assertTrue(lines.length > 50, file);
      for (int i = 0; i < lines.length; i++) {
        check.accept(file + ":" + (i + 1), json.readTree(lines[i]));
      }
    }
  }

  private static double weight(JsonNode row) {
    return row.get("format_weight").asDouble();
  }

  private static String text(JsonNode row, String field) {
    return row.get(field).asText();
  }
}
