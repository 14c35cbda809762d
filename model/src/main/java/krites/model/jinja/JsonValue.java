package krites.model.jinja;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Values of templates out of JSON. */
public final class JsonValue {
  private JsonValue() {}

  /** The same value; a missing node is undefined. */
  public static Value of(JsonNode node) {
    return switch (node.getNodeType()) {
      case ARRAY -> {
        List<Value> items = new ArrayList<>();
        node.forEach(item -> items.add(of(item)));
        yield Value.list(items);
      }
      case OBJECT -> {
        Map<String, Value> entries = new LinkedHashMap<>();
        node.properties().forEach(entry -> entries.put(entry.getKey(), of(entry.getValue())));
        yield new Value.Table(entries);
      }
      case BOOLEAN -> Value.of(node.booleanValue());
      case NUMBER ->
          node.canConvertToLong() && node.isIntegralNumber()
              ? Value.of(node.longValue())
              : new Value.Real(node.doubleValue());
      case STRING -> Value.of(node.textValue());
      case NULL -> new Value.None();
      case MISSING, BINARY, POJO -> new Value.Undefined("a missing value");
    };
  }
}
