package krites.app.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Published cases of benchmarks are compared, and a changed expectation fails. */
class PublishedCheckTest {
  private static final String RIGHT =
      """
      {"source": "ours",
       "cases": [
        {"text": "Therefore Answer 2 is better.",
         "vl_rewardbench": 2, "multimodal_rewardbench": null, "multi_crit": null},
        {"text": "[[B]]", "vl_rewardbench": null, "multimodal_rewardbench": "B", "multi_crit": null},
        {"text": "Response 1 is better",
         "vl_rewardbench": null, "multimodal_rewardbench": null, "multi_crit": "1"}],
       "strip_reasoning_tags": [{"text": "<think>a</think> b", "expected": "b"}],
       "strip_then_regex": [{"text": "(A)</think>(C)", "regex": "\\\\((.)\\\\)", "expected": "C"}],
       "ocrbench_width_folding": [{"answer": "12", "prediction": "１２", "expected": 1}]}
      """;

  private static final String PROPERTY =
      """
      {"kl_straight_through": {"file": "ours", "property": "name+'+' has the value of the base \\
      estimator and the gradient of k2 = 0.5*(logp-ref)^2, for k1, kl, abs, k3, low_var_kl"}}
      """
          .replace("\\\n", "");

  @TempDir Path directory;

  @Test
  void allIsCompared() throws IOException {
    List<CaseResult> results = run(RIGHT);
    assertEquals(12, results.size(), results::toString);
    assertTrue(results.stream().allMatch(CaseResult::checked), results::toString);
    assertTrue(results.stream().allMatch(CaseResult::passed), results::toString);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"vl_rewardbench\": 2|\"vl_rewardbench\": 1|vl_rewardbench",
        "\"vl_rewardbench\": 2|\"vl_rewardbench\": null|vl_rewardbench",
        "\"multimodal_rewardbench\": \"B\"|\"multimodal_rewardbench\": \"A\"|multimodal_rewardbench",
        "\"multi_crit\": \"1\"|\"multi_crit\": \"2\"|multi_crit",
        "\"expected\": \"b\"|\"expected\": \" b\"|text",
        "\"expected\": \"C\"|\"expected\": \"A\"|answer",
        "\"expected\": 1|\"expected\": 0|score",
        ", \"multi_crit\": \"1\"|\u00a0|case",
        "\"multi_crit\": \"1\"|\"multi_crit\": \"1\", \"other\": 1|case",
      })
  void aChangedExpectationFails(String right, String wrong, String item) throws IOException {
    List<CaseResult> failed =
        run(RIGHT.replace(right, wrong.strip().replace("\u00a0", ""))).stream()
            .filter(result -> !result.passed())
            .toList();
    assertEquals(1, failed.size(), failed::toString);
    assertEquals(item, failed.getFirst().item());
  }

  @Test
  void thePropertyOfEachNameIsChecked() throws IOException {
    List<CaseResult> results = run(PROPERTY);
    assertEquals(20, results.size(), results::toString);
    assertTrue(results.stream().allMatch(CaseResult::checked), results::toString);
    assertTrue(results.stream().allMatch(CaseResult::passed), results::toString);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "gradient of k2|gradient of k1",
        "for k1|for k4",
        ", for k1, kl|, for",
        "\"file\"|\"x\""
      })
  void anotherPropertyFails(String right, String wrong) throws IOException {
    List<CaseResult> results = run(PROPERTY.replace(right, wrong));
    assertEquals(1, results.size(), results::toString);
    assertFalse(results.getFirst().passed(), results::toString);
  }

  private List<CaseResult> run(String json) throws IOException {
    Path published = Files.createDirectories(directory.resolve("published"));
    Files.writeString(published.resolve("ours.json"), json);
    List<CaseResult> results = new ArrayList<>();
    new PublishedCheck().run(directory, results::add);
    return results;
  }
}
