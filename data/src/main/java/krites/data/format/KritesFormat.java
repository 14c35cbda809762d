package krites.data.format;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import krites.grpo.Prompt;

/** Krites' own layout; its JSON Schema is {@code krites-dataset.schema.json}. */
public record KritesFormat() implements DatasetFormat {
  @Override
  public String name() {
    return "krites";
  }

  @Override
  public String title() {
    return "Krites pairs and questions";
  }

  @Override
  public boolean recognises(Cells row) {
    return row.object().has("question")
        || row.hasAll("response_1", "response_2")
        || row.object().has("preference");
  }

  @Override
  public RowMeaning read(Cells row) {
    boolean pair = row.has("response_1") || row.has("response_2") || row.has("preference");
    if (pair && row.has("answer")) {
      throw new RowException(
          "has both 'preference' fields and 'answer', expected one task per line");
    }
    if (!pair && !row.has("answer")) {
      throw new RowException("has neither 'response_1', 'response_2', 'preference' nor 'answer'");
    }
    List<ImageCell> images = images(row);
    String question = text(row, "question");
    if (!pair) {
      String answer =
          row.need("answer").isNumber() ? row.need("answer").asText() : text(row, "answer");
      return RowMeaning.of(
          new Sample.Item(row.id("id"), images, question, false, answer, tags(row)));
    }
    PairText.Fields text =
        new PairText.Fields(question, text(row, "response_1"), text(row, "response_2"));
    return RowMeaning.of(
        new Sample.Pair(row.id("id"), images, text, row.label("preference"), true, tags(row)));
  }

  private static List<ImageCell> images(Cells row) {
    if (row.has("image") == row.has("images")) {
      throw new RowException("expected either 'image' (a path) or 'images' (a list of paths)");
    }
    if (row.has("images")) {
      row.list("images");
    }
    return row.images("image", "images");
  }

  private static String text(Cells row, String key) {
    String text = row.text(key);
    if (text.contains(Prompt.IMAGE_PLACEHOLDER)) {
      throw new RowException(
          "'"
              + key
              + "' contains "
              + Prompt.IMAGE_PLACEHOLDER
              + ", which is put before the question by itself");
    }
    return text;
  }

  private static Map<String, String> tags(Cells row) {
    if (!row.has("tags")) {
      return Map.of();
    }
    JsonNode object = row.parsed("tags");
    Map<String, String> tags = new LinkedHashMap<>();
    for (var entry : object.properties()) {
      if (!entry.getValue().isValueNode()) {
        throw Cells.wrong("tags", object, "an object of plain values");
      }
      tags.put(entry.getKey(), entry.getValue().asText());
    }
    return tags;
  }
}
