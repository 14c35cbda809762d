package krites.model.jinja;

import java.util.List;
import java.util.Map;

/** A value as JSON, in the form of {@code json.dumps(value, ensure_ascii=False)} of Python. */
final class JsonText {
  private JsonText() {}

  static void write(int line, Value value, StringBuilder json, Budget budget) {
    budget.step(line);
    int before = json.length();
    switch (value) {
      case Value.None _ -> json.append("null");
      case Value.Truth(boolean truth) -> json.append(truth);
      case Value.Whole(long whole) -> json.append(whole);
      case Value.Text(String text) -> text(text, json);
      case Value.Items(List<Value> items) -> {
        json.append('[');
        for (int i = 0; i < items.size(); i++) {
          json.append(i == 0 ? "" : ", ");
          write(line, items.get(i), json, budget);
        }
        json.append(']');
      }
      case Value.Table(Map<String, Value> entries) -> {
        json.append('{');
        boolean first = true;
        for (Map.Entry<String, Value> entry : entries.entrySet()) {
          json.append(first ? "" : ", ");
          text(entry.getKey(), json);
          json.append(": ");
          write(line, entry.getValue(), json, budget);
          first = false;
        }
        json.append('}');
      }
      case Value.Real _, Value.Undefined _, Value.Namespace _ ->
          throw new JinjaException(line, value.kind() + " cannot be written as JSON");
    }
    budget.letters(line, json.length() - before);
  }

  private static void text(String text, StringBuilder json) {
    json.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> json.append("\\\"");
        case '\\' -> json.append("\\\\");
        case '\n' -> json.append("\\n");
        case '\r' -> json.append("\\r");
        case '\t' -> json.append("\\t");
        case '\b' -> json.append("\\b");
        case '\f' -> json.append("\\f");
        default -> json.append(c < 0x20 ? String.format("\\u%04x", (int) c) : "" + c);
      }
    }
    json.append('"');
  }
}
