package krites.data.format;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.grpo.Label;
import krites.grpo.Prompt;

/**
 * A row, read cell by cell. Every complaint names the column, what stands there and what was
 * expected.
 *
 * @param object by column or key
 * @param number of the row, from 1
 */
public record Cells(ObjectNode object, long number) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** A message stays one line. */
  private static final int SHOWN = 60;

  boolean has(String key) {
    return object.hasNonNull(key);
  }

  boolean hasAll(String... keys) {
    for (String key : keys) {
      if (!object.has(key)) {
        return false;
      }
    }
    return true;
  }

  JsonNode need(String key) {
    if (!has(key)) {
      throw new RowException("lacks '" + key + "'");
    }
    return object.get(key);
  }

  /** A text that is not blank. */
  String text(String key) {
    return text(key, need(key));
  }

  /** The text that a cell, or a part of one, is. */
  static String text(String key, JsonNode value) {
    String text = plainText(value).orElseThrow(() -> wrong(key, value, "a text"));
    if (text.isBlank()) {
      throw wrong(key, value, "a text that is not blank");
    }
    return text;
  }

  /** Writers that do not mark texts as such leave bytes. */
  private static Optional<String> plainText(JsonNode value) {
    if (value.isTextual()) {
      return Optional.of(value.textValue());
    }
    if (!value.isBinary()) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          StandardCharsets.UTF_8
              .newDecoder()
              .decode(ByteBuffer.wrap(value.binaryValue()))
              .toString());
    } catch (CharacterCodingException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(e); // never: the node holds bytes
    }
  }

  /** A text without image placeholders, which formats with an image column need not have. */
  String question(String key) {
    String text = text(key).replace(Prompt.IMAGE_PLACEHOLDER, "").strip();
    if (text.isEmpty()) {
      throw wrong(key, need(key), "a text that is not blank");
    }
    return text;
  }

  /** A response, which may be empty but not absent: a model may have said nothing. */
  String response(String key, JsonNode value) {
    return plainText(value)
        .orElseThrow(() -> wrong(key, value, "a text"))
        .replace(Prompt.IMAGE_PLACEHOLDER, "");
  }

  String response(String key) {
    return response(key, need(key));
  }

  /** A text or a number, as text. */
  String answer(String key) {
    JsonNode value = need(key);
    return value.isNumber() || value.isBoolean() ? value.asText() : text(key);
  }

  JsonNode list(String key) {
    JsonNode value = need(key);
    if (!value.isArray()) {
      throw wrong(key, value, "a list");
    }
    return value;
  }

  /** An object, also one that is written as a JSON text. */
  JsonNode object(String key) {
    JsonNode value = parsed(key);
    if (!value.isObject()) {
      throw wrong(key, value, "an object");
    }
    return value;
  }

  /** A cell whose text is JSON, or that is no text. */
  JsonNode parsed(String key) {
    JsonNode value = need(key);
    if (!value.isTextual()) {
      return value;
    }
    try {
      return JSON.readTree(value.textValue());
    } catch (JsonProcessingException e) {
      throw wrong(key, value, "a text that is JSON");
    }
  }

  /** An id, or one made of the row's number. */
  String id(String... keys) {
    for (String key : keys) {
      if (has(key)) {
        JsonNode id = object.get(key);
        if (id.isTextual() && !id.textValue().isBlank() || id.isIntegralNumber()) {
          return id.asText();
        }
        throw wrong(key, id, "a text or a whole number");
      }
    }
    return "line-" + number;
  }

  Label label(String key) {
    if (!has(key)) {
      throw new RowException("lacks '" + key + "', expected " + LabelReader.EXPECTED);
    }
    JsonNode value = object.get(key);
    Optional<Label> label =
        value.isTextual() || value.isIntegralNumber()
            ? LabelReader.read(value.asText())
            : Optional.empty();
    return label.orElseThrow(() -> wrong(key, value, LabelReader.EXPECTED));
  }

  /** The tags of the columns that a row has. */
  Map<String, String> tags(String... keys) {
    Map<String, String> tags = new LinkedHashMap<>();
    for (String key : keys) {
      if (has(key) && object.get(key).isValueNode() && !object.get(key).isBinary()) {
        tags.put(key, object.get(key).asText());
      }
    }
    return tags;
  }

  /**
   * The images of the first of some columns that the row has; none if it has none of them.
   *
   * @throws RowException if a cell is of none of the known forms
   */
  public List<ImageCell> images(String... columns) {
    for (String column : columns) {
      if (has(column)) {
        return images(column, object.get(column));
      }
    }
    return List.of();
  }

  /** As {@link #images}, and at least one. */
  List<ImageCell> needImages(String... columns) {
    List<ImageCell> images = images(columns);
    if (images.isEmpty()) {
      throw new RowException("lacks '" + String.join("' or '", columns) + "', expected an image");
    }
    return images;
  }

  private static List<ImageCell> images(String column, JsonNode cell) {
    List<ImageCell> images = new ArrayList<>();
    if (cell.isArray()) {
      for (JsonNode item : cell) {
        images.add(image(column, images.size(), item));
      }
    } else {
      images.add(image(column, 0, cell));
    }
    return images;
  }

  /**
   * The image at a place of a column.
   *
   * @param index of the list that the cell is, 0 if it is none
   */
  public ImageCell image(String column, int index) {
    List<ImageCell> images = images(column);
    if (index >= images.size()) {
      throw new RowException("has no image " + index + " in '" + column + "'");
    }
    return images.get(index);
  }

  /**
   * Forms: a struct of bytes and path, bytes, a path. Of bytes and a path the bytes are taken: the
   * path is often a bare name, on which the published trainer fails.
   */
  private static ImageCell image(String column, int index, JsonNode cell) {
    try {
      if (cell.isBinary()) {
        return embedded(column, index, cell.binaryValue());
      }
      if (cell.isTextual() && !cell.textValue().isBlank()) {
        return new ImageCell.Named(column, cell.textValue());
      }
      JsonNode bytes = cell.path("bytes");
      if (bytes.isBinary() || bytes.isTextual()) {
        return embedded(column, index, bytes.binaryValue()); // of a text: Base64
      }
      JsonNode path = cell.path("path");
      if (path.isTextual() && !path.textValue().isBlank()) {
        return new ImageCell.Named(column, path.textValue());
      }
    } catch (IOException e) {
      throw wrong(column, cell, "bytes of an image in Base64");
    }
    throw wrong(column, cell, "bytes of an image or the path of one");
  }

  private static ImageCell embedded(String column, int index, byte[] bytes) {
    if (ImageKind.of(bytes).isEmpty()) {
      throw new RowException(
          "'"
              + column
              + "' holds "
              + bytes.length
              + " bytes that are no "
              + ImageKind.EXPECTED
              + ", expected an image file");
    }
    return new ImageCell.Embedded(column, index, bytes);
  }

  static RowException wrong(String key, JsonNode value, String expected) {
    return new RowException("'" + key + "' is " + shown(value) + ", expected " + expected);
  }

  private static String shown(JsonNode value) {
    if (value.isBinary()) {
      return "bytes";
    }
    String text = value.toString();
    return text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "...";
  }
}
