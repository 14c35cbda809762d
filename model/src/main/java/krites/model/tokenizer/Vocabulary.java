package krites.model.tokenizer;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import krites.model.safetensors.CheckpointException;

/**
 * The tokens of a {@code tokenizer.json} with their ids: the base vocabulary and the added tokens.
 */
final class Vocabulary {
  /**
   * More ids than any known model has; a larger one is an error in the file and would cost much
   * memory.
   */
  private static final int MAX_ID = 10_000_000;

  private final Map<String, Integer> ids;
  private final Map<Integer, String> tokens;
  private final int size;

  private Vocabulary(Map<String, Integer> ids) {
    this.ids = ids;
    tokens = HashMap.newHashMap(ids.size());
    ids.forEach((token, id) -> tokens.put(id, token));
    size = tokens.keySet().stream().mapToInt(id -> id + 1).max().orElse(0);
  }

  static Vocabulary parse(byte[] json, Path file) {
    Map<String, Integer> ids = new HashMap<>();
    try (JsonParser parser = new JsonFactory().setCodec(new ObjectMapper()).createParser(json)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw CheckpointException.mismatch(file, "file", "a JSON object", "something else");
      }
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String field = parser.currentName();
        parser.nextToken();
        switch (field) {
          case "added_tokens" -> addedTokens(parser.readValueAsTree(), ids, file);
          case "model" -> model(parser, ids, file);
          default -> parser.skipChildren();
        }
      }
    } catch (JsonProcessingException e) {
      throw CheckpointException.mismatch(file, "file", "valid JSON", e.getOriginalMessage());
    } catch (IOException e) {
      throw new CheckpointException(file + ": cannot be read: " + e.getMessage(), e);
    }
    if (ids.isEmpty()) {
      throw CheckpointException.mismatch(file, "model.vocab", "an object of token to id", "none");
    }
    return new Vocabulary(ids);
  }

  private static void addedTokens(JsonNode list, Map<String, Integer> ids, Path file) {
    for (JsonNode added : list) {
      if (!added.path("content").isTextual() || !added.path("id").isInt()) {
        throw CheckpointException.mismatch(
            file, "added_tokens", "objects with content and id", added.toString());
      }
      put(added.get("content").textValue(), added.get("id").intValue(), ids, file);
    }
  }

  private static void model(JsonParser parser, Map<String, Integer> ids, Path file)
      throws IOException {
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      throw CheckpointException.mismatch(file, "model", "a JSON object", parser.getText());
    }
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String field = parser.currentName();
      boolean isObject = parser.nextToken() == JsonToken.START_OBJECT;
      if (field.equals("vocab") && isObject) {
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
          String token = parser.currentName();
          if (parser.nextToken() != JsonToken.VALUE_NUMBER_INT) {
            throw CheckpointException.mismatch(
                file, "model.vocab." + token, "a whole number", parser.getText());
          }
          put(token, parser.getIntValue(), ids, file);
        }
      } else {
        parser.skipChildren();
      }
    }
  }

  private static void put(String token, int id, Map<String, Integer> ids, Path file) {
    if (id < 0 || id > MAX_ID) {
      throw CheckpointException.mismatch(
          file, "id of token " + token, "0 to " + MAX_ID, Integer.toString(id));
    }
    ids.put(token, id);
  }

  OptionalInt idOf(String token) {
    Integer id = ids.get(token);
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }

  String tokenOf(int id) {
    return tokens.getOrDefault(id, "");
  }

  boolean contains(int id) {
    return tokens.containsKey(id);
  }

  /** The largest id plus one. */
  int size() {
    return size;
  }
}
