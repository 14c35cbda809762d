package krites.reward.published;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rules of policy benchmarks, by hand and on outputs of real models. */
final class PolicyAnswersTest {
  private static final List<String> ANGLES = List.of("135°", "140°", "145°", "150°");

  @ParameterizedTest
  @CsvSource({
    "250,'250'",
    "' 3.9 ','3'",
    "-3.9,'-3'",
    "1e3,'1000'",
    "1_000,'1000'",
    "nan,",
    "inf,",
    "'1,000',",
    "three,"
  })
  void mathVistaIntegersAreCut(String extraction, String expected) {
    assertEquals(Optional.ofNullable(expected), free("integer", 0).normalise(extraction));
  }

  @ParameterizedTest
  @CsvSource({
    "2.675,2,'2.67'",
    "0.5,0,'0.0'",
    "-0.01,1,'-0.0'",
    "1.25,1,'1.2'",
    "47.55,1,'47.5'",
    "3,2,'3.0'",
    "1e17,1,'1e+17'",
    "123456789.125,2,'123456789.12'",
    "-0.00001,5,'-1e-05'",
    "12%,1,",
    "inf,1,'inf'"
  })
  void mathVistaNumbersAreRoundedAsPythonDoes(String extraction, int digits, String expected) {
    assertEquals(Optional.ofNullable(expected), free("float", digits).normalise(extraction));
  }

  @ParameterizedTest
  @CsvSource({
    "C,145°",
    "(c) 145,145°",
    "'(B) or (C)',140°",
    "c,135°",
    "150,150°",
    "E,135°",
    "the angle is 145 degrees,145°",
    "'',135°"
  })
  void mathVistaChoicesAreTheNearest(String extraction, String expected) {
    MathVistaAnswer question =
        new MathVistaAnswer(ANGLES, true, MathVistaAnswer.Type.TEXT, OptionalInt.empty());
    assertEquals(Optional.of(expected), question.normalise(extraction));
  }

  @ParameterizedTest
  @CsvSource({
    "<think>it is 9</think>\\boxed{7},7",
    "\\boxed{\\text{12}},12",
    "'The answer is \"42\".',42",
    "'From 3 to 1,250.50 g.',1250.50",
    "<think>9</think> none,none"
  })
  void mathVistaAnswersAreFound(String response, String expected) {
    assertEquals(expected, free("float", 1).extract(response));
  }

  @Test
  void aMultipleChoiceQuestionWithoutChoicesIsRefused() {
    assertThrows(
        IllegalArgumentException.class,
        () -> new MathVistaAnswer(List.of(), true, MathVistaAnswer.Type.TEXT, OptionalInt.empty()));
    assertThrows(IllegalArgumentException.class, () -> MathVistaAnswer.Type.named("number"));
  }

  private static MathVistaAnswer free(String type, int digits) {
    return new MathVistaAnswer(
        List.of(), false, MathVistaAnswer.Type.named(type), OptionalInt.of(digits));
  }

  @Test
  void mmmuReadsOutputsOfRealModelsAsItsProgramsDo() throws IOException {
    int official = 0;
    int lmms = 0;
    int open = 0;
    for (JsonNode row : rows("/reward/mmmu_val_outputs.jsonl")) {
      String response = row.get("response").asText();
      if (row.get("question_type").asText().equals("multiple-choice")) {
        List<String> options = new ArrayList<>();
        row.get("index2ans").forEach(option -> options.add(option.asText()));
        assertEquals(
            row.get("parsed").asText("none"), named(MmmuChoice.OFFICIAL, response, options));
        official++;
        assertEquals(
            row.get("parsed_lmms_eval").asText("none"),
            named(MmmuChoice.LMMS_EVAL, response, options));
        lmms++;
      } else {
        MmmuOpen read = MmmuOpen.read(response);
        Set<Object> seen = new HashSet<>(read.texts());
        seen.addAll(read.numbers());
        Set<Object> expected = new HashSet<>();
        row.get("parsed")
            .forEach(part -> expected.add(part.isNumber() ? part.asDouble() : part.asText()));
        assertEquals(expected, seen, row::toString);
        assertEquals(row.get("correct").asBoolean(), read.matches(gold(row.get("answer"))));
        open++;
      }
    }
    assertTrue(official > 80 && lmms > 80 && open == 50, official + " " + lmms + " " + open);
  }

  private static List<String> gold(JsonNode answer) {
    if (!answer.isArray()) {
      return List.of(answer.asText());
    }
    List<String> gold = new ArrayList<>();
    answer.forEach(each -> gold.add(each.asText()));
    return gold;
  }

  private static String named(MmmuChoice rule, String response, List<String> options) {
    OptionalInt read = rule.read(response, options);
    return read.isPresent() ? MmmuChoice.letter(read.getAsInt()) : "none";
  }

  @ParameterizedTest
  @CsvSource({
    "'Answer: (C) or so',2",
    "'Answer: A or B. (D)',3",
    "'first A then B ',1",
    "'none',-1"
  })
  void mmmuProLooksBehindAnswerFirst(String response, int expected) {
    List<String> options = List.of("w", "x", "y", "z");
    assertEquals(expected, MmmuChoice.PRO.read(response, options).orElse(-1));
  }

  @ParameterizedTest
  @CsvSource({
    "B,true",
    "'b. blue',true",
    "(B) blue,true",
    "Option B,true",
    "The answer is B,true",
    "'Blue',true",
    "A or B,false",
    "'',false"
  })
  void mmStarLooksAtTheFirstLetter(String prediction, boolean expected) {
    assertEquals(expected, LetterAnswer.correct(prediction, "B"));
  }

  @ParameterizedTest
  @CsvSource({
    "105,100,true",
    "105.01,100,false",
    "95,100,true",
    "0.95,95%,true",
    "95%,0.95,true",
    "0.0,0,false",
    "0,0,true",
    "Yes,yes,true",
    "yes.,yes,false",
    "14%,14,false",
    "-95,-100,true"
  })
  void chartQaAllowsFivePercent(String prediction, String expected, boolean correct) {
    assertEquals(correct, RelaxedAccuracy.correct(prediction, expected));
  }

  @ParameterizedTest
  @CsvSource({"'**Yes**, it is',true", "no,false", "'Yes or no',", "unclear,", "nobody knows,"})
  void yesAndNoAreWords(String text, Boolean expected) {
    assertEquals(Optional.ofNullable(expected), YesNoAnswer.read(text));
  }

  @ParameterizedTest
  @CsvSource({"A,true", "'A.',true", "Left,false", "to the left,true", "B,false", "'(a)',true"})
  void realWorldQaTakesLetterOrWords(String prediction, boolean correct) {
    String question = "Where is the car?\nA. to the left\nB. to the right\nAnswer the letter.";
    assertEquals(correct, RealWorldQaAnswer.correct(question, prediction, "A"));
  }

  @ParameterizedTest
  @CsvSource({"three,3,true", "Three,3,true", "3.,3,true", "'3,5',3,false", "yes,Yes,true"})
  void realWorldQaReadsNumberWords(String prediction, String expected, boolean correct) {
    assertEquals(correct, RealWorldQaAnswer.correct("How many?", prediction, expected));
  }

  @ParameterizedTest
  @CsvSource({
    "C,true",
    "(C),true",
    "'C: 5',true",
    "2√3,true",
    "'so (B), no: (C)',true",
    "'B:2',false",
    "Cat,false"
  })
  void mathVerseTakesLetterOrWords(String answer, boolean correct) {
    String question = "How long is BC?\nChoices:\nA:2\nB:√3\nC:2√3";
    assertEquals(correct, MathVerseAnswer.correct(question, true, answer, "C"));
  }

  @Test
  void mathVerseGradesFreeAnswers() {
    assertTrue(MathVerseAnswer.correct("", false, "\\frac{1}{2}", "\\frac{1}{2}"));
    assertTrue(MathVerseAnswer.correct("", false, "x+1", "1+x"));
    assertFalse(MathVerseAnswer.correct("", false, "50", "60"));
  }

  private static List<JsonNode> rows(String resource) throws IOException {
    List<JsonNode> rows = new ArrayList<>();
    try (BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(
                PolicyAnswersTest.class.getResourceAsStream(resource), StandardCharsets.UTF_8))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        rows.add(new ObjectMapper().readTree(line));
      }
    }
    return rows;
  }
}
