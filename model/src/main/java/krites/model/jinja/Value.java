package krites.model.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A value of a template, with the meaning that Python gives it. */
public sealed interface Value {
  Value TRUE = new Truth(true);
  Value FALSE = new Truth(false);

  /** Nothing, as {@code none}. */
  record None() implements Value {}

  /** The value of a name that has none; printed as nothing. */
  record Undefined(String name) implements Value {}

  record Truth(boolean value) implements Value {}

  record Whole(long value) implements Value {}

  record Real(double value) implements Value {}

  record Text(String value) implements Value {}

  record Items(List<Value> items) implements Value {
    public Items {
      items = List.copyOf(items);
    }
  }

  /** A dictionary; the order of the keys is kept. */
  record Table(Map<String, Value> entries) implements Value {
    public Table {
      entries = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(entries));
    }
  }

  /** What {@code namespace(...)} makes: the one value whose members can be set. */
  record Namespace(Map<String, Value> members) implements Value {}

  static Value of(boolean value) {
    return value ? TRUE : FALSE;
  }

  static Value of(String value) {
    return new Text(value);
  }

  static Value of(long value) {
    return new Whole(value);
  }

  /** A list of values. */
  static Value list(List<? extends Value> items) {
    return new Items(new ArrayList<>(items));
  }

  /** Whether an {@code if} takes it for true. */
  default boolean isTrue() {
    return switch (this) {
      case None _, Undefined _ -> false;
      case Truth(boolean value) -> value;
      case Whole(long value) -> value != 0;
      case Real(double value) -> value != 0;
      case Text(String value) -> !value.isEmpty();
      case Items(List<Value> items) -> !items.isEmpty();
      case Table(Map<String, Value> entries) -> !entries.isEmpty();
      case Namespace _ -> true;
    };
  }

  /** Python's word for the kind of value, for messages. */
  default String kind() {
    return switch (this) {
      case None _ -> "none";
      case Undefined(String name) -> "undefined (" + name + ")";
      case Truth _ -> "a truth value";
      case Whole _, Real _ -> "a number";
      case Text _ -> "a text";
      case Items _ -> "a list";
      case Table _ -> "a dictionary";
      case Namespace _ -> "a namespace";
    };
  }

  /** Python's {@code ==}: numbers and truth values by their number. */
  default boolean same(Value other) {
    if (isNumber(this) && isNumber(other)) {
      return number(this) == number(other);
    }
    return switch (this) {
      case Undefined _ -> other instanceof Undefined;
      case Items(List<Value> items) -> {
        if (!(other instanceof Items(List<Value> others)) || items.size() != others.size()) {
          yield false;
        }
        for (int i = 0; i < items.size(); i++) {
          if (!items.get(i).same(others.get(i))) {
            yield false;
          }
        }
        yield true;
      }
      case Namespace _ -> this == other;
      case None _, Truth _, Whole _, Real _, Text _, Table _ -> equals(other);
    };
  }

  private static boolean isNumber(Value value) {
    return value instanceof Whole || value instanceof Real || value instanceof Truth;
  }

  private static double number(Value value) {
    return switch (value) {
      case Whole(long whole) -> whole;
      case Real(double real) -> real;
      case Truth(boolean truth) -> truth ? 1 : 0;
      case None _, Undefined _, Text _, Items _, Table _, Namespace _ -> Double.NaN;
    };
  }
}
