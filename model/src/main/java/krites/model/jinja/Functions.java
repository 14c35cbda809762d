package krites.model.jinja;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The functions, methods, filters and tests that templates may use; any other is an error. */
final class Functions {
  private static final long LONGEST_RANGE = 100_000;

  private final Budget budget;
  private final Evaluation evaluation;

  Functions(Budget budget, Evaluation evaluation) {
    this.budget = budget;
    this.evaluation = evaluation;
  }

  /** {@code name(arguments)}. */
  Value global(int line, String name, List<Value> arguments, Map<String, Value> named) {
    return switch (name) {
      case "namespace" -> {
        need(line, name, arguments, 0, 0);
        yield new Value.Namespace(new HashMap<>(named));
      }
      case "raise_exception" -> {
        need(line, name, arguments, 1, 1);
        throw new JinjaException(
            line, "the template refuses: " + evaluation.printed(line, arguments.getFirst()));
      }
      case "range" -> range(line, arguments);
      default -> throw new JinjaException(line, "the function '" + name + "' is not known here");
    };
  }

  private Value range(int line, List<Value> arguments) {
    need(line, "range", arguments, 1, 2);
    long from = arguments.size() == 1 ? 0 : number(line, arguments.getFirst());
    long to = number(line, arguments.getLast());
    if (to > from && (to - from < 0 || to - from > LONGEST_RANGE)) {
      throw new JinjaException(line, "a range of more than " + LONGEST_RANGE);
    }
    List<Value> numbers = new ArrayList<>();
    for (long number = from; number < to; number++) {
      budget.step(line);
      numbers.add(Value.of(number));
    }
    return Value.list(numbers);
  }

  /** {@code value.name(arguments)}: methods of Python's texts and dictionaries. */
  Value method(
      int line, Value value, String name, List<Value> arguments, Map<String, Value> named) {
    if (!named.isEmpty()) {
      throw new JinjaException(line, "the method '" + name + "' with named arguments");
    }
    if (value instanceof Value.Text(String text)) {
      return textMethod(line, text, name, arguments);
    }
    if (value instanceof Value.Table(Map<String, Value> entries)) {
      return tableMethod(line, entries, name, arguments);
    }
    throw unknown(line, name, value);
  }

  private static JinjaException unknown(int line, String method, Value value) {
    return new JinjaException(
        line, "the method '" + method + "' of " + value.kind() + " is not known here");
  }

  private Value textMethod(int line, String text, String name, List<Value> arguments) {
    String first =
        arguments.isEmpty() || arguments.getFirst() instanceof Value.None
            ? ""
            : evaluation.text(line, arguments.getFirst(), "an argument of '" + name + "'");
    switch (name) {
      case "strip", "lstrip", "rstrip" -> need(line, name, arguments, 0, 1);
      case "startswith", "endswith" -> need(line, name, arguments, 1, 1);
      case "split" -> need(line, name, arguments, 0, 2);
      case "replace" -> need(line, name, arguments, 2, 2);
      default -> need(line, name, arguments, 0, 0);
    }
    budget.letters(line, text.length());
    return switch (name) {
      case "strip" -> Value.of(PythonText.strip(text, first, true, true));
      case "lstrip" -> Value.of(PythonText.strip(text, first, true, false));
      case "rstrip" -> Value.of(PythonText.strip(text, first, false, true));
      case "startswith" -> Value.of(text.startsWith(first));
      case "endswith" -> Value.of(text.endsWith(first));
      case "upper" -> Value.of(text.toUpperCase(Locale.ROOT));
      case "lower" -> Value.of(text.toLowerCase(Locale.ROOT));
      case "split" -> split(line, text, arguments);
      case "replace" -> replace(line, text, arguments);
      default -> throw unknown(line, name, Value.of(text));
    };
  }

  private Value split(int line, String text, List<Value> arguments) {
    boolean blanks = arguments.isEmpty() || arguments.getFirst() instanceof Value.None;
    if (blanks && arguments.size() < 2) {
      return parts(line, PythonText.words(text));
    }
    String separator = evaluation.text(line, arguments.getFirst(), "a separator");
    if (separator.isEmpty()) {
      throw new JinjaException(line, "an empty separator");
    }
    long most = arguments.size() < 2 ? -1 : number(line, arguments.get(1));
    return parts(line, PythonText.split(text, separator, most));
  }

  private Value parts(int line, List<String> parts) {
    budget.steps(line, parts.size());
    return Value.list(parts.stream().map(Value::of).toList());
  }

  private Value replace(int line, String text, List<Value> arguments) {
    String old = evaluation.text(line, arguments.getFirst(), "what is replaced");
    String other = evaluation.text(line, arguments.get(1), "the replacement");
    long times = PythonText.count(text, old);
    budget.letters(line, Math.multiplyExact(times, other.length()));
    return Value.of(text.replace(old, other));
  }

  private Value tableMethod(
      int line, Map<String, Value> entries, String name, List<Value> arguments) {
    need(line, name, arguments, name.equals("get") ? 1 : 0, name.equals("get") ? 2 : 0);
    budget.steps(line, entries.size());
    return switch (name) {
      case "get" -> {
        Value absent = arguments.size() == 2 ? arguments.get(1) : new Value.None();
        yield entries.getOrDefault(evaluation.text(line, arguments.getFirst(), "a key"), absent);
      }
      case "keys" -> Value.list(entries.keySet().stream().map(Value::of).toList());
      case "values" -> Value.list(List.copyOf(entries.values()));
      case "items" -> pairs(entries);
      default -> throw unknown(line, name, new Value.Table(entries));
    };
  }

  private static Value pairs(Map<String, Value> entries) {
    return Value.list(
        entries.entrySet().stream()
            .map(entry -> Value.list(List.of(Value.of(entry.getKey()), entry.getValue())))
            .toList());
  }

  /** {@code value | name(arguments)}. */
  Value filter(
      int line, String name, Value value, List<Value> arguments, Map<String, Value> named) {
    if (!named.isEmpty()) {
      throw new JinjaException(line, "the filter '" + name + "' with named arguments");
    }
    switch (name) {
      case "default", "d" -> need(line, name, arguments, 0, 2);
      case "join" -> need(line, name, arguments, 0, 1);
      case "replace" -> need(line, name, arguments, 2, 2);
      default -> need(line, name, arguments, 0, 0);
    }
    return switch (name) {
      case "trim" ->
          evaluation.built(line, PythonText.strip(evaluation.printed(line, value), "", true, true));
      case "upper", "lower" -> textMethod(line, evaluation.printed(line, value), name, List.of());
      case "replace" -> replace(line, evaluation.printed(line, value), arguments);
      case "string" -> evaluation.built(line, evaluation.printed(line, value));
      case "length", "count" -> Value.of(length(line, value));
      case "first", "last" -> {
        List<Value> items = evaluation.items(line, value);
        yield items.isEmpty()
            ? new Value.Undefined("the " + name + " of no items")
            : name.equals("first") ? items.getFirst() : items.getLast();
      }
      case "list" -> Value.list(evaluation.items(line, value));
      case "items" ->
          value instanceof Value.Table(Map<String, Value> entries)
              ? pairs(entries)
              : Value.list(evaluation.items(line, value));
      case "join" -> join(line, value, arguments);
      case "default", "d" -> orDefault(value, arguments);
      case "tojson" -> {
        StringBuilder json = new StringBuilder();
        JsonText.write(line, value, json, budget);
        yield Value.of(json.toString());
      }
      default -> throw new JinjaException(line, "the filter '" + name + "' is not known here");
    };
  }

  private long length(int line, Value value) {
    if (value instanceof Value.Text(String text)) {
      budget.letters(line, text.length());
      return text.codePointCount(0, text.length());
    }
    return evaluation.items(line, value).size();
  }

  private Value join(int line, Value value, List<Value> arguments) {
    String between =
        arguments.isEmpty() ? "" : evaluation.text(line, arguments.getFirst(), "a separator");
    List<String> parts = new ArrayList<>();
    for (Value item : evaluation.items(line, value)) {
      budget.letters(line, between.length());
      parts.add(evaluation.printed(line, item));
      budget.letters(line, parts.getLast().length());
    }
    return Value.of(String.join(between, parts));
  }

  private static Value orDefault(Value value, List<Value> arguments) {
    boolean alsoForFalse = arguments.size() == 2 && arguments.get(1).isTrue();
    boolean missing = value instanceof Value.Undefined || alsoForFalse && !value.isTrue();
    if (!missing) {
      return value;
    }
    return arguments.isEmpty() ? Value.of("") : arguments.getFirst();
  }

  /** {@code value is name}. */
  boolean test(int line, String name, Value value) {
    return switch (name) {
      case "defined" -> !(value instanceof Value.Undefined);
      case "undefined" -> value instanceof Value.Undefined;
      case "none" -> value instanceof Value.None;
      case "string" -> value instanceof Value.Text;
      case "mapping" -> value instanceof Value.Table;
      case "boolean" -> value instanceof Value.Truth;
      case "true" -> value instanceof Value.Truth(boolean truth) && truth;
      case "false" -> value instanceof Value.Truth(boolean truth) && !truth;
      case "integer" -> value instanceof Value.Whole;
      case "number" ->
          value instanceof Value.Whole
              || value instanceof Value.Real
              || value instanceof Value.Truth;
      case "iterable", "sequence" ->
          value instanceof Value.Text
              || value instanceof Value.Items
              || value instanceof Value.Table
              || value instanceof Value.Undefined;
      default -> throw new JinjaException(line, "the test '" + name + "' is not known here");
    };
  }

  private static long number(int line, Value value) {
    if (!(value instanceof Value.Whole(long number))) {
      throw new JinjaException(line, value.kind() + ", expected a whole number");
    }
    return number;
  }

  private static void need(int line, String name, List<Value> arguments, int least, int most) {
    if (arguments.size() < least || arguments.size() > most) {
      throw new JinjaException(
          line, "'" + name + "' with " + arguments.size() + " arguments is not known here");
    }
  }
}
