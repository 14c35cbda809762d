package krites.app.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import krites.model.image.ImageProcessor;
import krites.model.image.PatchGrid;
import krites.model.jinja.JsonValue;
import krites.model.tokenizer.ChatTemplate;
import krites.model.tokenizer.Tokenizer;

/**
 * Checks conversations, {@code chat-template-golden/*}, with the template and the tokenizer that
 * lie beside them: the text, its ids, and the ids with a pad for each token of the pictures.
 */
public final class ChatTemplateCheck implements ConformanceCheck {
  private static final List<String> KNOWN =
      List.of(
          "name",
          "messages",
          "add_generation_prompt",
          "add_vision_id",
          "text",
          "ids",
          "grid_thw",
          "ids_expanded");

  @Override
  public String name() {
    return "chat-template-golden";
  }

  @Override
  public boolean appliesTo(Path directory) {
    return Files.isDirectory(directory.resolve(name()));
  }

  @Override
  public void run(Path directory, Consumer<CaseResult> results) throws IOException {
    List<DataFolder.Row> rows = DataFolder.rows(this, directory.resolve(name()), results);
    try {
      Path model = DataFolder.model(directory);
      ChatTemplate template = ChatTemplate.load(model);
      int mergeSize = ImageProcessor.load(model).mergeSize();
      try (Tokenizer tokenizer = Tokenizer.load(model)) {
        for (DataFolder.Row row : rows) {
          String label = row.json().path("name").asText(row.name());
          try {
            GoldenJson.onlyKeys(row.json(), "key", KNOWN);
            GoldenComparison comparison = new GoldenComparison(name(), label, results);
            compare(row.json(), template, tokenizer, mergeSize, comparison);
          } catch (RuntimeException e) {
            results.accept(CaseResult.failed(name(), label, "case", DataFolder.oneLine(e)));
          }
        }
      }
    } catch (IOException | RuntimeException e) {
      results.accept(CaseResult.failed(name(), "model", "load", DataFolder.oneLine(e)));
    }
  }

  private static void compare(
      JsonNode row,
      ChatTemplate template,
      Tokenizer tokenizer,
      int mergeSize,
      GoldenComparison comparison) {
    String text =
        template.text(
            JsonValue.of(GoldenJson.need(row, "messages")),
            GoldenJson.need(row, "add_generation_prompt").asBoolean(),
            row.path("add_vision_id").asBoolean(false));
    comparison.compareText("text", GoldenJson.text(row, "text"), text);
    int[] ids = tokenizer.encode(text);
    comparison.compareEqual("ids", GoldenJson.need(row, "ids"), GoldenJson.doubles(ids));
    if (row.has("ids_expanded") || row.has("grid_thw")) {
      int image = tokenizer.requireId(ChatTemplate.IMAGE_PAD);
      int video = tokenizer.requireId(ChatTemplate.VIDEO_PAD);
      List<PatchGrid> grids = new ArrayList<>();
      for (int[] grid : GoldenJson.integers(row, "grid_thw")) {
        grids.add(new PatchGrid(grid[0], grid[1], grid[2]));
      }
      int[] expanded =
          ChatTemplate.expandPads(ids, id -> id == image || id == video, grids, mergeSize);
      comparison.compareEqual(
          "ids_expanded", GoldenJson.need(row, "ids_expanded"), GoldenJson.doubles(expanded));
    }
  }
}
