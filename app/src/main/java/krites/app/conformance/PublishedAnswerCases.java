package krites.app.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import krites.grpo.Label;
import krites.reward.published.BenchmarkAnswer;
import krites.reward.published.OcrBench;
import krites.reward.published.PublicVerdicts;

/** Published cases of what benchmarks read in a model's text. */
final class PublishedAnswerCases {
  /** How a comparison names a text without a verdict, for which the data say null. */
  private static final String UNREAD = "no verdict";

  private PublishedAnswerCases() {}

  /** One judgement and what three parsers make of it. */
  static void verdicts(JsonNode item, GoldenComparison comparison) {
    String vl = "vl_rewardbench";
    String multimodal = "multimodal_rewardbench";
    String multiCrit = "multi_crit";
    GoldenJson.onlyKeys(item, "key", List.of("text", vl, multimodal, multiCrit));
    String text = GoldenJson.text(item, "text");
    comparison.compareText(
        vl,
        verdict(item, vl),
        PublicVerdicts.vlRewardBench(text).stream()
            .mapToObj(Integer::toString)
            .findFirst()
            .orElse(UNREAD));
    comparison.compareText(
        multimodal,
        verdict(item, multimodal),
        spelled(PublicVerdicts.multimodalRewardBench(text), "A", "B"));
    comparison.compareText(
        multiCrit, verdict(item, multiCrit), spelled(PublicVerdicts.multiCrit(text), "1", "2"));
  }

  private static String verdict(JsonNode item, String key) {
    if (!item.has(key)) {
      throw new IllegalArgumentException("the case has no '" + key + "'");
    }
    return item.get(key).asText(UNREAD);
  }

  private static String spelled(Optional<Label> verdict, String first, String second) {
    return verdict
        .map(
            label ->
                switch (label) {
                  case FIRST -> first;
                  case SECOND -> second;
                  case TIE -> "tie";
                })
        .orElse(UNREAD);
  }

  /** A text without its reasoning. */
  static void withoutReasoning(JsonNode item, GoldenComparison comparison) {
    GoldenJson.onlyKeys(item, "key", List.of("text", "expected"));
    comparison.compareText(
        "text",
        GoldenJson.text(item, "expected"),
        BenchmarkAnswer.withoutReasoning(GoldenJson.text(item, "text")));
  }

  /** The answer that a pattern finds in a text without its reasoning. */
  static void extracted(JsonNode item, GoldenComparison comparison) {
    GoldenJson.onlyKeys(item, "key", List.of("text", "regex", "expected"));
    String answer = BenchmarkAnswer.withoutReasoning(GoldenJson.text(item, "text"));
    Pattern pattern = Pattern.compile(GoldenJson.text(item, "regex"));
    comparison.compareText(
        "answer",
        GoldenJson.text(item, "expected"),
        BenchmarkAnswer.extract(pattern, answer).orElse("[invalid]"));
  }

  /** A score of OCRBench, of a data set other than HME100k. */
  static void ocr(JsonNode item, GoldenComparison comparison) {
    GoldenJson.onlyKeys(item, "key", List.of("answer", "prediction", "expected"));
    comparison.compareEqual(
        "score",
        GoldenJson.need(item, "expected"),
        OcrBench.TEXT.score(
            List.of(GoldenJson.text(item, "answer")), GoldenJson.text(item, "prediction")));
  }
}
