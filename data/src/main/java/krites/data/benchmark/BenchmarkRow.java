package krites.data.benchmark;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One row of a benchmark's file, by the names of its columns.
 *
 * @param fields an object
 */
public record BenchmarkRow(JsonNode fields) {
  /** How a table tool writes that a cell is empty. */
  private static final String EMPTY_CELL = "nan";

  public BenchmarkRow {
    if (!fields.isObject()) {
      throw new IllegalArgumentException("a row is an object, found " + fields.getNodeType());
    }
  }

  /** A text that must be there. */
  public String text(String column) {
    JsonNode value = need(column);
    if (!value.isTextual()) {
      throw wrong(column, "a text", value);
    }
    return value.textValue();
  }

  /** A text of a table in which cells may be empty. */
  public Optional<String> cell(String column) {
    JsonNode value = fields.path(column);
    boolean number = value.isNumber() && !Double.isNaN(value.doubleValue());
    if (!value.isTextual() && !number || value.asText().equals(EMPTY_CELL)) {
      return Optional.empty();
    }
    return Optional.of(value.asText());
  }

  /** Whether there is anything in a column. */
  public boolean has(String column) {
    return fields.hasNonNull(column);
  }

  /** A text, a number or a word of JSON, as text; some tables write answers as numbers. */
  public String value(String column) {
    JsonNode value = need(column);
    if (!value.isValueNode() || value.isBinary()) {
      throw wrong(column, "a text or a number", value);
    }
    return value.asText();
  }

  /** A row within the row, such as {@code metadata}; empty if there is none. */
  public Optional<BenchmarkRow> part(String column) {
    JsonNode value = fields.path(column);
    return value.isObject() ? Optional.of(new BenchmarkRow(value)) : Optional.empty();
  }

  /** The same row without what is no text, number or list of such: pictures are found by name. */
  public BenchmarkRow withoutBytes() {
    ObjectNode kept = JsonNodeFactory.instance.objectNode();
    fields
        .properties()
        .forEach(
            field -> {
              if (!field.getValue().isBinary() && !field.getValue().has("bytes")) {
                kept.set(field.getKey(), field.getValue());
              }
            });
    return new BenchmarkRow(kept);
  }

  /** A list of texts, written as a list or as Python writes one into a text. */
  public List<String> texts(String column) {
    JsonNode value = need(column);
    if (value.isTextual()) {
      try {
        return PythonList.read(value.textValue());
      } catch (IllegalArgumentException trouble) {
        throw new IllegalArgumentException("'" + column + "': " + trouble.getMessage(), trouble);
      }
    }
    List<String> texts = new ArrayList<>();
    for (JsonNode text : value) {
      if (!text.isTextual()) {
        throw wrong(column, "a list of texts", value);
      }
      texts.add(text.textValue());
    }
    if (!value.isArray()) {
      throw wrong(column, "a list of texts", value);
    }
    return texts;
  }

  private JsonNode need(String column) {
    if (!fields.hasNonNull(column)) {
      throw new IllegalArgumentException("the row has no '" + column + "'");
    }
    return fields.get(column);
  }

  private static IllegalArgumentException wrong(String column, String expected, JsonNode found) {
    int limit = 60; // a message stays one line
    String text = found.toString();
    String shortened = text.length() <= limit ? text : text.substring(0, limit) + "...";
    return new IllegalArgumentException(
        "'" + column + "' is " + shortened + ", expected " + expected);
  }
}
