package krites.data.benchmark;

import com.fasterxml.jackson.databind.JsonNode;
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
  String text(String column) {
    JsonNode value = need(column);
    if (!value.isTextual()) {
      throw wrong(column, "a text", value);
    }
    return value.textValue();
  }

  /** A text of a table in which cells may be empty. */
  Optional<String> cell(String column) {
    JsonNode value = fields.path(column);
    boolean number = value.isNumber() && !Double.isNaN(value.doubleValue());
    if (!value.isTextual() && !number || value.asText().equals(EMPTY_CELL)) {
      return Optional.empty();
    }
    return Optional.of(value.asText());
  }

  /** A list of texts, written as a list or as Python writes one into a text. */
  List<String> texts(String column) {
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
