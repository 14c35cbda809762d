package krites.app.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;
import krites.grpo.flow.LedgerEvent;
import org.jspecify.annotations.Nullable;

/**
 * Events as JSON objects: the simple name of the type, and the components of the record under their
 * own names. Reading is strict: a field too many, too few, or of another type is refused.
 */
final class EventJson {
  /** Every type of event there is, by its name; a new one is found here by itself. */
  static final Map<String, Class<?>> TYPES =
      Arrays.stream(LedgerEvent.class.getPermittedSubclasses())
          .collect(Collectors.toUnmodifiableMap(Class::getSimpleName, type -> type));

  /** Unknown fields are refused by default; these make it as strict about missing ones. */
  private static final ObjectMapper MAPPER =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
          .build();

  private EventJson() {}

  /** What cannot be read, in a few words. */
  static final class Unreadable extends Exception {
    private static final long serialVersionUID = 1L;

    Unreadable(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }

  static String name(LedgerEvent event) {
    return event.getClass().getSimpleName();
  }

  /** The fields of an event between the braces, without them. */
  static String fields(LedgerEvent event) {
    try {
      String object = MAPPER.writeValueAsString(event);
      return object.substring(1, object.length() - 1);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("event " + event + " cannot be written as JSON", e);
    }
  }

  /** A line of the journal as a tree. */
  static ObjectNode tree(byte[] line, int length) throws Unreadable {
    try {
      if (MAPPER.readTree(line, 0, length) instanceof ObjectNode object) {
        return object;
      }
    } catch (java.io.IOException e) {
      throw new Unreadable("expected a JSON object, found " + shown(line, length), e);
    }
    throw new Unreadable("expected a JSON object, found " + shown(line, length), null);
  }

  /**
   * The event of a type with fields.
   *
   * @throws Unreadable if the type is unknown or the fields are not those of the type
   */
  static LedgerEvent read(String type, JsonNode fields) throws Unreadable {
    Class<?> known = TYPES.get(type);
    if (known == null) {
      throw new Unreadable("event " + type + " is unknown", null);
    }
    try {
      return (LedgerEvent) MAPPER.treeToValue(fields, known);
    } catch (JsonProcessingException e) {
      // What the library adds in brackets is about this program, not about the file.
      String message = e.getOriginalMessage().lines().findFirst().orElse("").split(" \\(")[0];
      throw new Unreadable("event " + type + ": " + message, e);
    }
  }

  private static String shown(byte[] line, int length) {
    int most = 60; // enough to recognise a line by
    String text = new String(line, 0, Math.min(length, most), StandardCharsets.UTF_8);
    return "\"" + text.replaceAll("\\p{Cntrl}", "?") + (length > most ? "..." : "") + "\"";
  }
}
