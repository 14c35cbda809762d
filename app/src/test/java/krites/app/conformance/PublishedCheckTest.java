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

  private static final String PROMPTS =
      """
      [{"key": "mc", "task": "mmmu_val", "variant": null,
        "doc": {"question": "Q?", "question_type": "multiple-choice", "options": "['x', 'y']"},
        "task_kwargs": {"multiple_choice_prompt": "pick", "open_ended_prompt": "say"},
        "prompt_text": "Q?\\nA. x\\nB. y\\n\\npick", "gen_kwargs": {"max_new_tokens": 128}},
       {"key": "bench", "task": "mmbench_en_dev", "doc": {"question": "Q?", "A": "x"},
        "task_kwargs": {"pre_prompt": "", "post_prompt": "pick"},
        "prompt_text": "Q? There are several options:\\nA. x\\npick"},
       {"key": "yes", "task": "hallusion_bench_image", "doc": {"question": " Q?"},
        "task_kwargs": {"pre_prompt": "-", "post_prompt": "+"}, "prompt_text": "- Q?+"},
       {"key": "doc", "task": "mmlongbench_doc", "doc": {"question": " Q?"},
        "task_kwargs": {"post_prompt": "+"}, "prompt_text": "Q?+"},
       {"key": "ocr", "task": "ocrbench", "doc": {"question": " Q?"}, "prompt_text": "Q?"},
       {"key": "room", "task": "vsibench",
        "doc": {"question": "Q?", "question_type": "object_counting", "options": []},
        "task_kwargs": {"pre_prompt": "", "na_post_prompt": "say"},
        "prompt_text": "These are frames of a video.\\nQ?\\nsay"},
       {"key": "pair", "task": "mmvp", "doc": {"Question": "Q?", "Options": "(a) x (b) y"},
        "task_kwargs": {"pre_prompt": "", "post_prompt": "+"}, "prompt_text": "Q?\\nA. x\\nB. y+"},
       {"key": "style", "task": "blink_art_style", "doc": {"prompt": "Q?", "choices": ["x", "y"]},
        "task_kwargs": {"pre_prompt": "{}: ", "post_prompt": ""}, "prompt_text": "A, B: Q?"}]
      """;

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

  @Test
  void promptsOfBenchmarksAreMadeAndCompared() throws IOException {
    List<CaseResult> results = run(PROMPTS);
    assertEquals(9, results.size(), results::toString);
    assertTrue(results.stream().allMatch(CaseResult::checked), results::toString);
    assertTrue(results.stream().allMatch(CaseResult::passed), results::toString);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\\n\\npick\"|\\npick\"|prompt_text",
        "\\npick\"}|pick\"}|prompt_text",
        "- Q?+|-Q?+|prompt_text",
        "\"Q?+|\" Q?+|prompt_text",
        "\"Q?\"}, {\"key\": \"room\"|\"Q\"}, {\"key\": \"room\"|prompt_text",
        "of a video|of the video|prompt_text",
        "B. y+|B. y|prompt_text",
        "A, B: Q?|A B: Q?|prompt_text",
        "_tokens\": 128|_tokens\": 64|max_new_tokens",
        "\"choices\"|\"options\"|case",
        "\"variant\"|\"variation\"|case",
      })
  void aChangedPromptFails(String right, String wrong, String item) throws IOException {
    String json = PROMPTS.replaceAll("\\n +\\{", " {");
    List<CaseResult> failed =
        run(json.replace(right, wrong)).stream().filter(result -> !result.passed()).toList();
    assertEquals(1, failed.size(), failed::toString);
    assertEquals(item, failed.getFirst().item());
  }

  @Test
  void promptsThatAreNotMadeHereAreNotChecked() throws IOException {
    List<CaseResult> results = run(PROMPTS.replace("mmmu_val", "mmmu_pro"));
    assertEquals(
        List.of("not checked: prompts of mmmu_pro are not made here"),
        results.stream().filter(result -> !result.checked()).map(CaseResult::note).toList());
  }

  private List<CaseResult> run(String json) throws IOException {
    Path published = Files.createDirectories(directory.resolve("published"));
    Files.writeString(published.resolve("ours.json"), json);
    List<CaseResult> results = new ArrayList<>();
    new PublishedCheck().run(directory, results::add);
    return results;
  }
}
