package krites.eval.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.data.DatasetException;
import krites.eval.Measure;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rows of each published layout, by hand: what is asked, shown and counted. */
final class PolicyBenchmarkTest {
  private static final byte[] PNG = {
    (byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0, 0, 0, 0
  };
  private static final String STRUCT =
      "{\"bytes\":\"" + Base64.getEncoder().encodeToString(PNG) + "\",\"path\":\"x.png\"}";

  @TempDir Path folder;

  @BeforeEach
  void picture() throws IOException {
    Files.write(folder.resolve("1.png"), PNG);
    Files.createDirectories(folder.resolve("images"));
    Files.write(folder.resolve("images/2.jpg"), PNG);
  }

  private List<PolicyItem> items(String benchmark, String... rows) throws IOException {
    Path file = folder.resolve("rows.jsonl");
    Files.writeString(file, String.join("\n", rows) + "\n");
    return PolicyItems.read(named(benchmark), file.toString(), Optional.empty(), 0);
  }

  private static PolicyBenchmark named(String name) {
    return PolicyBenchmark.named(name).orElseThrow();
  }

  private static boolean correct(String benchmark, PolicyItem item, String response) {
    return named(benchmark).verdict(item.row(), response, 0).correct();
  }

  @Test
  void mathVistaIsAskedInItsOwnWordsAndTakesBothLayouts() throws IOException {
    String facts =
        "\"question_type\":\"free_form\",\"answer_type\":\"integer\",\"answer\":\"7\","
            + "\"choices\":null,\"precision\":null,"
            + "\"metadata\":{\"source\":\"IconQA\",\"skills\":[\"arithmetic\",\"logic\"]}";
    List<PolicyItem> items =
        items(
            "mathvista",
            "{\"pid\":\"1\",\"question\":\"q\",\"query\":\"Hint: h\\nQuestion: q\","
                + "\"image\":\"images/2.jpg\","
                + facts
                + "}",
            "{\"pid\":\"2\",\"question\":\"q\",\"image\":\"images/none.jpg\",\"decoded_image\":"
                + STRUCT
                + ","
                + facts
                + "}");

    assertEquals("Hint: h\nQuestion: q", items.get(0).question());
    assertTrue(items.get(0).images().getFirst().name().endsWith("2.jpg"));
    assertTrue(items.get(1).images().getFirst().name().contains("decoded_image"));
    assertEquals(List.of("arithmetic", "logic"), items.get(0).tags().get("skills"));
    assertTrue(correct("mathvista", items.get(0), "<think>8</think>\\boxed{7.9}"));
    assertFalse(correct("mathvista", items.get(0), "<think>7</think>\\boxed{8}"));
    assertFalse(items.get(1).row().has("decoded_image"), "bytes are not kept");
  }

  @Test
  void mmmuShowsThePicturesThatTheTextSpeaksOf() throws IOException {
    List<PolicyItem> items =
        items(
            "mmmu",
            "{\"id\":\"validation_Math_1\",\"question\":\"See <image 2> and <image 1>\","
                + "\"options\":\"['<image 3>', 'two']\",\"question_type\":\"multiple-choice\","
                + "\"answer\":\"B\",\"image_1\":\"1.png\",\"image_2\":\"images/2.jpg\","
                + "\"image_3\":\"1.png\",\"image_4\":null}",
            "{\"id\":\"validation_Art_2\",\"question\":\"How many?\",\"options\":\"[]\","
                + "\"question_type\":\"open\",\"answer\":\"['8', 'eight']\",\"image_1\":\"1.png\"}");

    assertEquals(3, items.get(0).images().size());
    assertTrue(items.get(0).question().contains("B. two"));
    assertEquals(List.of("Science"), items.get(0).tags().get("discipline"));
    assertTrue(correct("mmmu", items.get(0), "<think>(A)?</think>\\boxed{B}"));
    assertTrue(correct("mmmu", items.get(1), "So the answer is eight."));
    assertTrue(correct("mmmu", items.get(1), "8.0"));
    assertFalse(correct("mmmu", items.get(1), "9"));
  }

  @Test
  void mmmuDrawsWhereItReadsNothingAndSaysSo() throws IOException {
    PolicyItem item =
        items(
                "mmmu",
                "{\"id\":\"validation_Math_1\",\"question\":\"q\",\"options\":\"['a', 'b']\","
                    + "\"question_type\":\"multiple-choice\",\"answer\":\"B\",\"image_1\":\"1.png\"}")
            .getFirst();
    int right = 0;
    for (int seed = 0; seed < 200; seed++) {
      Verdict verdict = named("mmmu").verdict(item.row(), "hm", seed);
      assertTrue(verdict.drawn());
      assertEquals(verdict, named("mmmu").verdict(item.row(), "hm", seed));
      right += verdict.correct() ? 1 : 0;
    }
    assertTrue(right > 70 && right < 130, right + " of 200");
  }

  @Test
  void mmStarCountsLetters() throws IOException {
    String row =
        "{\"index\":%d,\"question\":\"q\\nOptions: A: x, B: y\",\"answer\":\"A\",\"category\":\"c\","
            + "\"l2_category\":\"%s\",\"image\":\"1.png\"}";
    List<PolicyItem> items =
        items("mmstar", String.format(row, 0, "math"), String.format(row, 1, "people"));
    assertTrue(correct("mmstar", items.get(0), "\\boxed{A}"));
    assertFalse(correct("mmstar", items.get(0), "\\boxed{B}"));

    List<Scored> scored =
        List.of(scored("math", true), scored("math", true), scored("people", false));
    List<Measure> measures = named("mmstar").measures(scored);
    assertEquals(2.0 / 3, value(measures, "accuracy"), 1e-12);
    assertEquals(0.5, value(measures, "macro/l2_category"), 1e-12);
    assertEquals(1.0, value(measures, "accuracy/l2_category=math"), 1e-12);
  }

  private static Scored scored(String category, boolean correct) {
    return new Scored("id", Map.of("l2_category", List.of(category)), correct);
  }

  private static double value(List<Measure> measures, String name) {
    return measures.stream()
        .filter(measure -> measure.name().equals(name))
        .findFirst()
        .orElseThrow()
        .value();
  }

  @Test
  void chartQaTakesBothLayouts() throws IOException {
    List<PolicyItem> items =
        items(
            "chartqa",
            "{\"type\":\"human_test\",\"question\":\"How much?\",\"answer\":\"14\",\"image\":"
                + STRUCT
                + "}",
            "{\"imgname\":\"1.png\",\"query\":\"Which?\",\"label\":\"Yes\"}");
    assertTrue(correct("chartqa", items.get(0), "14.7"));
    assertFalse(correct("chartqa", items.get(0), "14.8"));
    assertTrue(correct("chartqa", items.get(1), "\\boxed{yes}"));
    assertEquals(List.of("human_test"), items.get(0).tags().get("type"));
    assertEquals(1, items.get(1).images().size());
  }

  @Test
  void hallusionBenchCountsFiguresAndQuestionsAsAWhole() throws IOException {
    List<String> rows = new ArrayList<>();
    for (int figure = 0; figure < 3; figure++) {
      for (int question = 0; question < 2; question++) {
        rows.add(
            String.format(
                "{\"category\":\"VS\",\"subcategory\":\"chart\",\"visual_input\":\"%d\","
                    + "\"set_id\":\"0\",\"figure_id\":\"%d\",\"question_id\":\"%d\","
                    + "\"question\":\"q?\",\"gt_answer\":\"1\",\"filename\":\"1.png\"}",
                figure == 0 ? 0 : 1, figure, question));
      }
    }
    List<PolicyItem> items = items("hallusionbench", rows.toArray(String[]::new));
    assertEquals(0, items.get(0).images().size());
    assertEquals(Optional.empty(), items.get(0).trouble());
    assertEquals(1, items.get(2).images().size());
    String[] answers = {"yes", "no", "Yes.", "yes", "yes and no", "yes"};
    List<Scored> scored = new ArrayList<>();
    for (int i = 0; i < items.size(); i++) {
      scored.add(
          new Scored(
              items.get(i).id(),
              items.get(i).tags(),
              correct("hallusionbench", items.get(i), answers[i])));
    }
    List<Measure> measures = named("hallusionbench").measures(scored);
    assertEquals(4.0 / 6, value(measures, "aAcc"), 1e-12);
    assertEquals(1.0 / 2, value(measures, "fAcc"), 1e-12, "the first figure is none");
    assertEquals(0.0, value(measures, "qAcc"), 1e-12);
    assertTrue(measures.stream().noneMatch(measure -> measure.name().contains("set_id")));
  }

  @Test
  void realWorldQaAndMathVerseReadTheirRows() throws IOException {
    PolicyItem car =
        items(
                "realworldqa",
                "{\"question\":\"Where?\\nA. left\\nB. right\\n\",\"answer\":\"B\",\"image\":"
                    + STRUCT
                    + "}")
            .getFirst();
    assertTrue(correct("realworldqa", car, "right"));
    assertFalse(correct("realworldqa", car, "left"));

    PolicyItem angle =
        items(
                "mathverse",
                "{\"sample_index\":\"5\",\"problem_version\":\"Text Lite\",\"question\":\"q\","
                    + "\"question_for_eval\":\"q\\nChoices:\\nA:1\\nB:2\",\"query_wo\":\"Please: q\","
                    + "\"question_type\":\"multi-choice\",\"answer\":\"B\",\"image\":\"1.png\"}")
            .getFirst();
    assertEquals("Please: q", angle.question());
    assertTrue(correct("mathverse", angle, "\\boxed{2}"));
    assertTrue(correct("mathverse", angle, "\\boxed{B}"));
    assertFalse(correct("mathverse", angle, "\\boxed{A}"));
  }

  @Test
  void aMissingPictureIsToldAndIdsThatComeAgainAreNumbered() throws IOException {
    String row =
        "{\"pid\":\"1\",\"question\":\"q\",\"question_type\":\"free_form\","
            + "\"answer_type\":\"text\",\"answer\":\"a\",\"image\":\"none.png\"}";
    List<PolicyItem> items = items("mathvista", row, row);
    assertEquals(List.of("1", "1~2"), items.stream().map(PolicyItem::id).toList());
    String trouble = items.getFirst().trouble().orElseThrow();
    assertTrue(trouble.contains("line 1") && trouble.contains("none.png"), trouble);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "mathvista|{\"question\":\"q\"}|pid",
        "mathvista|{\"pid\":1,\"question\":\"q\",\"question_type\":\"free_form\",\"answer_type\":\"number\",\"answer\":\"1\"}|answer_type",
        "mathvista|{\"pid\":1,\"question\":\"q\",\"question_type\":\"multi_choice\",\"answer_type\":\"text\",\"answer\":\"1\"}|choices",
        "mmmu|{\"id\":\"validation_Math_1\",\"question\":\"q\",\"options\":\"['a\",\"question_type\":\"multiple-choice\",\"answer\":\"A\"}|options",
        "mmmu|{\"id\":\"validation_Math_1\",\"question\":5,\"options\":\"['a']\",\"question_type\":\"multiple-choice\",\"answer\":\"A\"}|question",
        "mmstar|{\"index\":0,\"question\":\"q\",\"category\":\"c\"}|answer",
        "chartqa|{\"question\":\"q\",\"answer\":[1]}|answer",
        "hallusionbench|{\"question\":\"q\",\"gt_answer\":\"1\"}|category",
        "realworldqa|{\"image\":\"1.png\",\"answer\":\"A\"}|question",
        "mathverse|{\"sample_index\":\"1\",\"question\":\"q\",\"answer\":\"A\"}|question_type"
      })
  void damageIsOneLineWithFileRowAndColumn(String benchmark, String row, String column) {
    String message = assertThrows(DatasetException.class, () -> items(benchmark, row)).getMessage();
    assertTrue(message.contains("rows.jsonl, line 1"), message);
    assertTrue(message.contains("'" + column + "'"), message);
    assertFalse(message.contains("\n"), message);
  }

  @Test
  void noFileAndNoRowsAreTold() throws IOException {
    PolicyBenchmark mmstar = named("mmstar");
    String none = folder.resolve("no.jsonl").toString();
    assertTrue(
        assertThrows(
                DatasetException.class, () -> PolicyItems.read(mmstar, none, Optional.empty(), 0))
            .getMessage()
            .contains("there is no such file"));
    assertThrows(DatasetException.class, () -> items("mmstar", ""));
  }
}
