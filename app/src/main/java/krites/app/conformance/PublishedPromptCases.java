package krites.app.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Optional;
import krites.data.benchmark.BenchmarkPrompts;
import krites.data.benchmark.BenchmarkRow;
import krites.data.benchmark.BlinkPrompts;
import krites.data.benchmark.FramedPrompts;
import krites.data.benchmark.MmBenchPrompts;
import krites.data.benchmark.MmmuPrompts;
import krites.data.benchmark.MmvpPrompts;
import krites.data.benchmark.VsiBenchPrompts;

/** Published prompts of benchmarks: a row, the words of the task, and the text made of both. */
final class PublishedPromptCases {
  private static final String PRE = "pre_prompt";
  private static final String POST = "post_prompt";

  private PublishedPromptCases() {}

  /** Compares one prompt; a task whose prompts Krites does not make is not checked. */
  static void prompt(JsonNode item, String label, PublishedCheck.Cases cases) {
    GoldenJson.onlyKeys(
        item,
        "key",
        List.of("key", "task", "variant", "doc", "task_kwargs", "prompt_text", "gen_kwargs"));
    String task = GoldenJson.text(item, "task");
    Optional<BenchmarkPrompts> rule = rule(task, item.path("task_kwargs"));
    if (rule.isEmpty()) {
      cases.notChecked(label, "prompts of " + task + " are not made here");
      return;
    }
    BenchmarkPrompts prompts = rule.get();
    GoldenComparison comparison = cases.comparison(label);
    comparison.compareText(
        "prompt_text",
        GoldenJson.text(item, "prompt_text"),
        prompts.text(new BenchmarkRow(GoldenJson.need(item, "doc"))));
    if (item.has("gen_kwargs")) {
      comparison.compareEqual(
          "max_new_tokens",
          GoldenJson.need(item.get("gen_kwargs"), "max_new_tokens"),
          prompts.maxNewTokens());
    }
  }

  /**
   * The rule of a task of lmms-eval, if there is one.
   *
   * @param words the task's own, by name; a missing node for the published ones
   */
  private static Optional<BenchmarkPrompts> rule(String task, JsonNode words) {
    boolean published = words.isMissingNode();
    if (task.startsWith("blink")) {
      // Its sub-tasks have a name each.
      return Optional.of(published ? BlinkPrompts.published() : new BlinkPrompts(word(words, PRE)));
    }
    return switch (task) {
      case "mmmu_val", "mmmu_test" ->
          Optional.of(
              published
                  ? MmmuPrompts.published()
                  : new MmmuPrompts(
                      word(words, "multiple_choice_prompt"), word(words, "open_ended_prompt")));
      case "mmbench_en_dev", "mmbench_en_test" ->
          Optional.of(
              published ? MmBenchPrompts.published() : new MmBenchPrompts(word(words, POST)));
      case "hallusion_bench_image" -> Optional.of(framed(FramedPrompts.hallusionBench(), words));
      case "ocrbench" -> Optional.of(framed(FramedPrompts.ocrBench(), words));
      case "mmlongbench_doc" -> Optional.of(framed(FramedPrompts.mmLongBenchDoc(), words));
      case "vsibench" ->
          Optional.of(
              new VsiBenchPrompts(
                  word(words, PRE), word(words, "mca_post_prompt"), word(words, "na_post_prompt")));
      case "mmvp" ->
          Optional.of(
              published
                  ? MmvpPrompts.published()
                  : new MmvpPrompts(word(words, PRE), word(words, POST)));
      default -> Optional.empty();
    };
  }

  private static FramedPrompts framed(FramedPrompts published, JsonNode words) {
    return words.isMissingNode() ? published : published.with(word(words, PRE), word(words, POST));
  }

  private static String word(JsonNode words, String name) {
    return words.path(name).asText("");
  }
}
