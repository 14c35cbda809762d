package krites.data.benchmark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each benchmark's rule by hand, from rows of our own. */
class BenchmarkPromptsTest {
  private static final String LETTER =
      "Answer with the option's letter from the given choices directly.";

  @Test
  void mmmuListsItsOptionsAndKeepsMarkersOfPictures() throws JsonProcessingException {
    assertEquals(
        "What is left of <image 1>?\nA. it's a \"cat\"\nB. <image 2>\n\n" + LETTER,
        MmmuPrompts.published()
            .text(
                row(
                    """
                    {"question": "What is left of <image 1>?", "question_type": "multiple-choice",
                     "options": "['it\\\\'s a \\"cat\\"', '<image 2>']"}""")));
  }

  @Test
  void mmmuTakesOptionsThatAreAList() throws JsonProcessingException {
    assertEquals(
        "Q\nA. one\nB. two\n\nchoose",
        new MmmuPrompts("choose", "write")
            .text(
                row(
                    """
                    {"question": "Q", "question_type": "multiple-choice", "options": ["one", "two"]}""")));
  }

  @Test
  void mmmuAsksForAWordWhereThereAreNoOptions() throws JsonProcessingException {
    assertEquals(
        "How wide?\n\nAnswer the question using a single word or phrase.",
        MmmuPrompts.published()
            .text(
                row(
                    """
                    {"question": "How wide?", "question_type": "open", "options": "[]"}""")));
  }

  @Test
  void mmBenchPutsTheHintBeforeTheQuestion() throws JsonProcessingException {
    assertEquals(
        "It rains. Where? There are several options:\nA. here\nB. there\n\n" + LETTER,
        MmBenchPrompts.published()
            .text(
                row(
                    """
                    {"hint": "It rains.", "question": "Where?", "B": "there", "A": "here"}""")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"\"nan\"", "null"})
  void mmBenchLeavesEmptyCellsOut(String empty) throws JsonProcessingException {
    assertEquals(
        "Where? There are several options:\nA. here\nC. 7\nE. yon\nthere",
        new MmBenchPrompts("there")
            .text(
                row(
                    """
                    {"hint": %s, "question": "Where?", "A": "here", "B": %s, "C": 7, "D": "",
                     "E": "yon\\n\\n"}"""
                        .formatted(empty, empty))));
  }

  @Test
  void anEmptyHintIsAHint() throws JsonProcessingException {
    assertEquals(
        " Where? There are several options:\n",
        new MmBenchPrompts("").text(row("{\"hint\": \"\", \"question\": \"Where?\"}")));
  }

  @Test
  void framedQuestionsKeepTheirSpaceOrLoseIt() throws JsonProcessingException {
    BenchmarkRow row = row("{\"question\": \"\\u00a0 Is it? \\n\\u001f\"}");
    assertEquals("\u00a0 Is it? \n\u001f", FramedPrompts.hallusionBench().text(row));
    assertEquals("Is it?", FramedPrompts.ocrBench().text(row));
    assertEquals(
        "Is it?\nAnswer with a single word or phrase. If the answer is not in the document, answer"
            + " 'Not answerable'.",
        FramedPrompts.mmLongBenchDoc().text(row));
    assertEquals("<Is it?>", FramedPrompts.ocrBench().with("<", ">").text(row));
  }

  @ParameterizedTest
  @CsvSource({
    "object_abs_distance, n",
    "object_counting, n",
    "object_size_estimation, n",
    "room_size_estimation, n",
    "object_rel_direction_easy, o",
    "object_rel_direction_medium, o",
    "object_rel_direction_hard, o",
    "object_rel_distance, o",
    "route_planning, o",
    "obj_appearance_order, o"
  })
  void vsiBenchAsksByTheTypeOfAQuestion(String type, String kind) throws JsonProcessingException {
    BenchmarkRow row =
        row(
            """
            {"question": "Which?", "question_type": "%s", "options": ["A. left", "B. right"]}"""
                .formatted(type));
    String middle = "\nWhich?\n" + (kind.equals("n") ? "" : "Options:\nA. left\nB. right\n");
    assertEquals(
        "These are frames of a video."
            + middle
            + (kind.equals("n")
                ? "Please answer the question using a single word or phrase."
                : LETTER),
        VsiBenchPrompts.published().text(row));
    assertEquals("Look." + middle + kind, new VsiBenchPrompts("Look.", "o", "n").text(row));
  }

  @Test
  void mmvpTakesItsOptionsApart() throws JsonProcessingException {
    assertEquals(
        "Up or down?\nA. Up\nB. Down there\n" + LETTER,
        MmvpPrompts.published()
            .text(
                row(
                    """
                    {"Question": "Up or down?", "Options": "(a) Up (b) Down there"}""")));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[\"x\", \"y\"] | A, B",
        "[\"x\", \"y\", \"z\"] | A, B, C",
        "[\"1\", \"2\", \"3\", \"4\", \"5\", \"6\"] | A, B, C, D, E"
      })
  void blinkNamesTheLettersOfItsChoices(String choices, String letters)
      throws JsonProcessingException {
    assertEquals(
        "Note: You only need to respond with "
            + letters
            + " without providing any additional information.\nWhich one?\n(A) x",
        BlinkPrompts.published()
            .text(
                row(
                    """
                    {"prompt": "Which one?\\n(A) x", "choices": %s}"""
                        .formatted(choices))));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"question_type\": \"open\"} | the row has no 'question'",
        "{\"question\": null, \"question_type\": \"open\"} | the row has no 'question'",
        "{\"question\": 7, \"question_type\": \"open\"} | 'question' is 7, expected a text",
        "{\"question\": \"q\", \"question_type\": \"multiple-choice\", \"options\": [1]}"
            + " | 'options' is [1], expected a list of texts",
        "{\"question\": \"q\", \"question_type\": \"multiple-choice\", \"options\": {}}"
            + " | 'options' is {}, expected a list of texts",
        "{\"question\": \"q\", \"question_type\": \"multiple-choice\", \"options\": \"['a'\"}"
            + " | 'options': a list as Python prints it has ',' at place 5",
        "[] | a row is an object, found ARRAY"
      })
  void aDamagedRowIsOneClearLine(String json, String message) {
    var error =
        assertThrows(IllegalArgumentException.class, () -> MmmuPrompts.published().text(row(json)));
    assertEquals(message, error.getMessage());
  }

  @Test
  void anUnknownTypeOfQuestionIsRefused() {
    var error =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                VsiBenchPrompts.published()
                    .text(row("{\"question\": \"q\", \"question_type\": \"smell\"}")));
    assertEquals("'question_type' is 'smell', which is none of ours", error.getMessage());
  }

  private static BenchmarkRow row(String json) throws JsonProcessingException {
    return new BenchmarkRow(new ObjectMapper().readTree(json));
  }
}
