package krites.app.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import krites.app.conformance.PublishedCheck.Cases;
import krites.grpo.objective.AdvantageRule;
import krites.grpo.objective.Aggregation;
import krites.grpo.objective.TokenAdvantages;
import krites.grpo.objective.TokenMask;
import krites.model.image.ImageSize;
import krites.model.image.PatchGrid;
import krites.model.image.SmartResize;
import krites.reward.FormatRule;
import krites.reward.SoftOverlong;

/** Published cases of numbers: sizes of pictures, rewards, losses. */
final class PublishedNumberCases {
  /** Defaults of {@code smart_resize} in transformers: 56 x 56 and 14 x 14 x 4 x 1280 pixels. */
  private static final int MIN_PIXELS = 3136;

  private static final int MAX_PIXELS = 1_003_520;

  /** Patch and frames of the published processor, where a case names none. */
  private static final int PATCH = 14;

  private static final int VALUES = 3 * 2 * PATCH * PATCH;

  private PublishedNumberCases() {}

  /** One case of a list. */
  static void item(String key, String label, JsonNode item, Cases cases) {
    GoldenComparison comparison = cases.comparison(label);
    switch (key) {
      case "smart_resize" -> {
        GoldenJson.onlyKeys(
            item,
            "key",
            List.of("height", "width", "factor", "min_pixels", "max_pixels", "expected", "test"));
        ImageSize size = resized(item, whole(item, "factor", 28));
        comparison.compareEqual(
            "size", GoldenJson.need(item, "expected"), size.height(), size.width());
      }
      case "number_of_image_patches" -> {
        GoldenJson.onlyKeys(
            item,
            "key",
            List.of(
                "height",
                "width",
                "min_pixels",
                "max_pixels",
                "patch_size",
                "merge_size",
                "expected"));
        int patch = whole(item, "patch_size", PATCH);
        ImageSize size = resized(item, patch * whole(item, "merge_size", 2));
        comparison.compareEqual(
            "patches",
            GoldenJson.need(item, "expected"),
            (size.height() / patch) * (double) (size.width() / patch));
      }
      case "processor_shapes" -> shapes(item, comparison);
      case "think_format_reward" -> {
        GoldenJson.onlyKeys(item, "key", List.of("text", "expected"));
        boolean fits = FormatRule.THINK_ONCE.matches(GoldenJson.text(item, "text"));
        comparison.compare("reward", GoldenJson.need(item, "expected"), fits ? 1 : 0);
      }
      case "soft_overlong_punishment" -> {
        GoldenJson.onlyKeys(
            item, "key", List.of("max_completion_len", "soft_punish_cache", "length", "expected"));
        double penalty =
            new SoftOverlong(
                    whole(item, "max_completion_len", 0), whole(item, "soft_punish_cache", 0))
                .penalty(whole(item, "length", 0));
        comparison.compare("penalty", GoldenJson.need(item, "expected"), penalty);
      }
      case "cases" -> PublishedAnswerCases.verdicts(item, comparison);
      case "strip_reasoning_tags" -> PublishedAnswerCases.withoutReasoning(item, comparison);
      case "strip_then_regex" -> PublishedAnswerCases.extracted(item, comparison);
      case "ocrbench_width_folding" -> PublishedAnswerCases.ocr(item, comparison);
      default -> throw new IllegalArgumentException("no check knows the section '" + key + "'");
    }
  }

  private static void shapes(JsonNode item, GoldenComparison comparison) {
    String many = "expected_pixel_values_shape_for_7_images";
    GoldenJson.onlyKeys(
        item,
        "key",
        List.of(
            "image",
            "min_pixels",
            "max_pixels",
            "expected_pixel_values_shape",
            "expected_image_grid_thw",
            many));
    double[] sides = GoldenJson.numbers(GoldenJson.need(item, "image"));
    ImageSize size =
        SmartResize.resize(
            (int) sides[0],
            (int) sides[1],
            2 * PATCH,
            whole(item, "min_pixels", MIN_PIXELS),
            whole(item, "max_pixels", MAX_PIXELS));
    PatchGrid grid = new PatchGrid(1, size.height() / PATCH, size.width() / PATCH);
    if (item.has("expected_pixel_values_shape")) {
      comparison.compareEqual(
          "shape", item.get("expected_pixel_values_shape"), grid.patches(), VALUES);
    }
    if (item.has("expected_image_grid_thw")) {
      comparison.compareEqual(
          "grid", item.get("expected_image_grid_thw"), grid.t(), grid.h(), grid.w());
    }
    if (item.has(many)) {
      comparison.compareEqual("shape of 7", item.get(many), 7.0 * grid.patches(), VALUES);
    }
  }

  private static ImageSize resized(JsonNode item, int factor) {
    return SmartResize.resize(
        whole(item, "height", 0),
        whole(item, "width", 0),
        factor,
        whole(item, "min_pixels", MIN_PIXELS),
        whole(item, "max_pixels", MAX_PIXELS));
  }

  /** A case that is an object of its own. */
  static void section(String key, JsonNode section, Cases cases) {
    switch (key) {
      case "grpo_low_variance" -> lowVariance(section, cases.comparison(key));
      case "agg_loss_token_sum" -> {
        GoldenJson.onlyKeys(
            section, "key", List.of("loss", "mask", "mode", "dp_size", "expected", "file"));
        if (!GoldenJson.text(section, "mode").equals("token-sum")) {
          throw new IllegalArgumentException("unknown mode " + section.get("mode"));
        }
        // The sum over tokens is the mean over a batch that is said to hold one.
        Aggregation sum = new Aggregation.GlobalTokenMean(1, whole(section, "dp_size", 1));
        TokenMask mask = TokenMask.of(GoldenJson.integers(section, "mask"));
        cases
            .comparison(key)
            .compare(
                "loss",
                GoldenJson.need(section, "expected"),
                sum.apply(GoldenJson.table(section, "loss"), mask));
      }
      case "kl_straight_through" -> {
        GoldenJson.onlyKeys(section, "key", List.of("property", "file"));
        PublishedDivergenceCases.straightThrough(
            GoldenJson.text(section, "property"), cases.comparison(key));
      }
      default -> throw new IllegalArgumentException("no check knows the section '" + key + "'");
    }
  }

  /**
   * The property is of verl's two forms; here it is that the rule of a run, by group, is the
   * formula itself where the rewards of a group hardly differ.
   */
  private static void lowVariance(JsonNode section, GoldenComparison comparison) {
    GoldenJson.onlyKeys(
        section,
        "key",
        List.of("token_level_rewards", "response_mask", "group", "property", "file"));
    double[][] rewards = GoldenJson.table(section, "token_level_rewards");
    TokenMask mask = TokenMask.of(GoldenJson.integers(section, "response_mask"));
    List<String> groups = new ArrayList<>();
    GoldenJson.need(section, "group").forEach(group -> groups.add(group.asText()));
    double[][] byGroup =
        TokenAdvantages.byGroup(
            new AdvantageRule.Standardised(1e-6),
            rewards,
            mask,
            groups,
            TokenAdvantages.SingleResponse.KEEP_REWARD);
    ArrayNode formula = JsonNodeFactory.instance.arrayNode();
    double[] sums = Arrays.stream(rewards).mapToDouble(row -> Arrays.stream(row).sum()).toArray();
    for (int i = 0; i < sums.length; i++) {
      String group = groups.get(i);
      double[] own =
          IntStream.range(0, sums.length)
              .filter(k -> groups.get(k).equals(group))
              .mapToDouble(k -> sums[k])
              .toArray();
      double mean = Arrays.stream(own).average().orElseThrow();
      double squares = Arrays.stream(own).map(r -> (r - mean) * (r - mean)).sum();
      double deviation = Math.sqrt(squares / (own.length - 1));
      for (int token = 0; token < rewards[i].length; token++) {
        formula.add((sums[i] - mean) / (deviation + 1e-6));
      }
    }
    comparison.compareScaled(
        "rule and formula agree", formula, 1e-5, 0.1, GoldenJson.flatten(byGroup));
  }

  private static int whole(JsonNode node, String key, int absent) {
    return Math.toIntExact(Math.round(GoldenJson.number(node, key, absent)));
  }
}
