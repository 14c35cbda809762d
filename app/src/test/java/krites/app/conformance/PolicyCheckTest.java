package krites.app.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A folder of policy data passes, and one planted error is one failed result that names it. */
final class PolicyCheckTest {
  private static final Path MMMU =
      Path.of("..", "reward", "src", "test", "resources", "reward", "mmmu_val_outputs.jsonl");

  @TempDir Path directory;
  private Path folder = Path.of("");

  @BeforeEach
  void files() throws IOException {
    folder = Files.createDirectories(directory.resolve("policy"));
    Files.copy(MMMU, folder.resolve("mmmu_val_outputs_parsed.jsonl"));
    Files.writeString(
        folder.resolve("mathvista_testmini.jsonl"),
        """
        {"pid":"1","question":"q","query":"Question: q","choices":null,"precision":1,"answer":"1.5","question_type":"free_form","answer_type":"float","image":"1.jpg","metadata":{"source":"s","skills":["x","y"]}}
        {"pid":"2","question":"p","query":"Question: p","choices":["red","blue"],"answer":"blue","question_type":"multi_choice","answer_type":"text","image":"2.jpg","metadata":{"source":"s","skills":["x"]}}
        """);
    Files.writeString(
        folder.resolve("mathvista_model_outputs.jsonl"),
        """
        {"model":"m","pid":"1","response":"It is 1.46.","extraction":"1.46","prediction":"1.5","true_false":true}
        {"model":"m","pid":"2","response":"(A)","extraction":"(A)","prediction":"red","true_false":false}
        """);
    Files.writeString(
        folder.resolve("mathvista_expected_scores.json"),
        """
        {"m":{"average":{"correct":1,"total":2},"source":{"s":{"correct":1,"total":2}},
        "skills":{"x":{"correct":1,"total":2},"y":{"correct":1,"total":1}}}}
        """);
  }

  private List<CaseResult> failed() throws IOException {
    List<CaseResult> results = new ArrayList<>();
    new PolicyCheck().run(directory, results::add);
    assertTrue(results.size() > 6, results::toString);
    return results.stream().filter(result -> !result.passed()).toList();
  }

  private void plant(String file, String what, String instead) throws IOException {
    String text = Files.readString(folder.resolve(file));
    assertTrue(text.contains(what), "nothing to plant in");
    Files.writeString(
        folder.resolve(file),
        text.replaceFirst(Pattern.quote(what), Matcher.quoteReplacement(instead)));
  }

  @Test
  void theFolderPasses() throws IOException {
    assertEquals(List.of(), failed());
  }

  @Test
  void aWrongVerdictIsFound() throws IOException {
    plant("mathvista_model_outputs.jsonl", "\"true_false\":true", "\"true_false\":false");
    List<CaseResult> failed = failed();
    assertEquals(1, failed.size(), failed::toString);
    assertEquals("true_false", failed.getFirst().item());
    assertTrue(failed.getFirst().note().contains("m 1"), failed::toString);
  }

  @Test
  void aWrongCellIsFound() throws IOException {
    plant("mathvista_expected_scores.json", "\"y\":{\"correct\":1", "\"y\":{\"correct\":0");
    List<CaseResult> failed = failed();
    assertEquals(1, failed.size(), failed::toString);
    assertEquals("m skills/y", failed.getFirst().item());
  }

  @Test
  void aWrongChoiceIsFound() throws IOException {
    plant("mmmu_val_outputs_parsed.jsonl", "\"parsed\": \"B\"", "\"parsed\": \"Q\"");
    List<CaseResult> failed = failed();
    assertEquals(1, failed.size(), failed::toString);
    assertEquals("parsed choices", failed.getFirst().item());
  }

  @Test
  void aDamagedRowIsOneFailedResult() throws IOException {
    plant("mathvista_model_outputs.jsonl", "\"model\"", "model");
    List<CaseResult> failed = failed();
    assertEquals(2, failed.size(), "the outputs, and the table that is made of them");
    assertTrue(
        failed.getFirst().note().contains("mathvista_model_outputs.jsonl, line 1"),
        failed::toString);
  }
}
