package krites.data.format;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
        || row.object().has("preference")
        || row.hasAll("prompt", "response");
  }

  @Override
  public RowMeaning read(Cells row) {
    if (row.has("response")) {
      return RowMeaning.of(taught(row));
    }
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
      return RowMeaning.of(
          new Sample.Item(row.id("id"), images, question, false, answer(row), tags(row)));
    }
    PairText.Fields text =
        new PairText.Fields(question, text(row, "response_1"), text(row, "response_2"));
    return RowMeaning.of(
        new Sample.Pair(row.id("id"), images, text, row.label("preference"), true, tags(row)));
  }

  /** A response to imitate, after a question of ours or a whole prompt. */
  private static Sample taught(Cells row) {
    if (row.has("response_1") || row.has("response_2") || row.has("preference")) {
      throw new RowException(
          "has both 'response' and fields of a pair, expected one task per line");
    }
    boolean whole = row.has("prompt");
    if (whole == row.has("question")) {
      throw new RowException("expected either 'question' or 'prompt' beside 'response'");
    }
    return new Sample.Item(
        row.id("id"),
        images(row),
        whole ? row.text("prompt") : text(row, "question"),
        whole,
        row.has("answer") ? answer(row) : "",
        Optional.of(text(row, "response")),
        tags(row));
  }

  private static String answer(Cells row) {
    return row.need("answer").isNumber() ? row.need("answer").asText() : text(row, "answer");
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
