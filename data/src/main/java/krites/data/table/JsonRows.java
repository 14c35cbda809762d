package krites.data.table;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;

/**
 * How strictly JSON rows are read: a key that stands twice, or anything after the row, is wrong.
 */
final class JsonRows {
  static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /** The same within a document, where more rows follow. */
  static final ObjectMapper DOCUMENT =
      JsonMapper.builder().enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION).build();

  private JsonRows() {}

  /**
   * The object that a line is.
   *
   * @throws IOException if it is none; the message is one line
   */
  static ObjectNode object(String line) throws IOException {
    try {
      JsonNode node = JSON.readTree(line);
      if (node instanceof ObjectNode object) {
        return object;
      }
      throw new IOException("expected a JSON object");
    } catch (JsonProcessingException e) {
      throw new IOException(problem(e), e);
    }
  }

  static String problem(JsonProcessingException e) {
    int column = e.getLocation() == null ? 0 : e.getLocation().getColumnNr();
    String problem = e.getOriginalMessage().lines().findFirst().orElse("malformed");
    return "not JSON at column " + column + ": " + problem;
  }
}
