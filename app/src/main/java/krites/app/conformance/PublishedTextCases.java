package krites.app.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import krites.app.conformance.PublishedCheck.Cases;
import krites.model.image.PatchGrid;
import krites.model.jinja.JsonValue;
import krites.model.qwen25vl.MultimodalPositions;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.tokenizer.ChatMessage;
import krites.model.tokenizer.ChatTemplate;
import krites.model.tokenizer.Tokenizer;

/** Published cases of which the picture is not stored: as far as the prompt goes. */
final class PublishedTextCases {
  /** Any picture of more tokens than the cases look at. */
  private static final PatchGrid SOME_PICTURE = new PatchGrid(1, 20, 20);

  private PublishedTextCases() {}

  /** The first ids of a question about a picture. */
  static void dog(Path directory, JsonNode section, Cases cases) throws IOException {
    GoldenJson.onlyKeys(
        section,
        "key",
        List.of(
            "note",
            "messages",
            "expected_first_17_input_ids",
            "expected_pixel_values_6x3",
            "atol",
            "expected_greedy_text_7b",
            "max_new_tokens"));
    JsonNode golden = GoldenJson.need(section, "expected_first_17_input_ids");
    int[] ids =
        expanded(
            DataFolder.model(directory),
            template ->
                template.text(JsonValue.of(GoldenJson.need(section, "messages")), true, false));
    cases
        .comparison("processor_on_dog_photo")
        .compareEqual(
            "expected_first_17_input_ids",
            golden,
            GoldenJson.doubles(Arrays.copyOf(ids, golden.size())));
    cases.notChecked(
        "processor_on_dog_photo: pixels and answer", "the photo and the weights are not stored");
  }

  /** The first ids of a dataset's row: its question comes behind what is compared. */
  static void dataset(Path directory, JsonNode golden, Cases cases) throws IOException {
    GoldenJson.onlyKeys(
        golden,
        "key",
        List.of(
            "source",
            "model",
            "row",
            "expected_input_ids",
            "expected_attention_mask",
            "expected_position_ids",
            "expected_ground_truth",
            "keys"));
    Path model = DataFolder.model(directory);
    int[] ids =
        expanded(
            model,
            template ->
                template.text(List.of(ChatMessage.user(new ChatMessage.Image())), true, false));
    JsonNode expected = GoldenJson.need(golden, "expected_input_ids");
    GoldenComparison comparison = cases.comparison("dataset");
    comparison.compareEqual(
        "expected_input_ids", expected, GoldenJson.doubles(Arrays.copyOf(ids, expected.size())));
    comparison.compareEqual(
        "expected_attention_mask",
        GoldenJson.need(golden, "expected_attention_mask"),
        DoubleStream.generate(() -> 1).limit(expected.size()).toArray());
    int[][] axes =
        MultimodalPositions.of(ids, List.of(SOME_PICTURE), Qwen25VlConfig.load(model)).axes();
    int[] count = IntStream.range(0, expected.size()).toArray();
    boolean counts =
        Arrays.stream(axes)
            .allMatch(axis -> Arrays.equals(Arrays.copyOf(axis, count.length), count));
    comparison.compareText(
        "expected_position_ids",
        GoldenJson.text(golden, "expected_position_ids"),
        String.format(
            "%d x %d: every row is %s",
            axes.length + 1, // transformers puts the plain count on top
            count.length,
            counts ? "0.." + (count.length - 1) : "another"));
    cases.notChecked("dataset: ground truth and keys", "the dataset is not stored");
  }

  private static int[] expanded(Path model, Function<ChatTemplate, String> prompt) {
    String text = prompt.apply(ChatTemplate.load(model));
    try (Tokenizer tokenizer = Tokenizer.load(model)) {
      return ChatTemplate.expandImagePads(
          tokenizer.encode(text),
          tokenizer.requireId(ChatTemplate.IMAGE_PAD),
          List.of(SOME_PICTURE),
          2);
    }
  }
}
