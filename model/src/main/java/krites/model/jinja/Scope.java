package krites.model.jinja;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The names that can be seen at a place; each turn of a loop has its own. */
final class Scope {
  private final Map<String, Value> names;
  private final @Nullable Scope outside;

  Scope(Map<String, Value> names, @Nullable Scope outside) {
    this.names = names;
    this.outside = outside;
  }

  Value get(String name) {
    for (Scope scope = this; scope != null; scope = scope.outside) {
      Value value = scope.names.get(name);
      if (value != null) {
        return value;
      }
    }
    return new Value.Undefined(name);
  }

  void set(String name, Value value) {
    names.put(name, value);
  }
}
