package krites.model.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What an expression comes to, as Python and Jinja's sandbox would have it. */
final class Evaluation {
  private final Budget budget;
  private final Functions functions;

  Evaluation(Budget budget) {
    this.budget = budget;
    this.functions = new Functions(budget, this);
  }

  Value of(Expression expression, Scope scope) {
    int line = expression.line();
    budget.step(line);
    return switch (expression) {
      case Expression.Literal(_, Value value) -> value;
      case Expression.Name(_, String name) -> scope.get(name);
      case Expression.ListOf(_, List<Expression> items) -> Value.list(all(items, scope));
      case Expression.MapOf map -> table(map, scope);
      case Expression.Attribute(_, Expression target, String name) ->
          member(line, of(target, scope), name);
      case Expression.Item(_, Expression target, Expression key) ->
          item(line, of(target, scope), of(key, scope));
      case Expression.Slice slice -> slice(slice, scope);
      case Expression.Call call -> call(call, scope);
      case Expression.Filter filter ->
          functions.filter(
              line,
              filter.name(),
              of(filter.target(), scope),
              all(filter.arguments(), scope),
              named(filter.named(), scope));
      case Expression.Test(_, Expression target, String name, boolean negated) ->
          Value.of(functions.test(line, name, of(target, scope)) != negated);
      case Expression.Not(_, Expression inner) -> Value.of(!of(inner, scope).isTrue());
      case Expression.Minus(_, Expression inner) -> minus(line, of(inner, scope));
      case Expression.And(_, Expression left, Expression right) -> {
        Value value = of(left, scope);
        yield value.isTrue() ? of(right, scope) : value;
      }
      case Expression.Or(_, Expression left, Expression right) -> {
        Value value = of(left, scope);
        yield value.isTrue() ? value : of(right, scope);
      }
      case Expression.Arithmetic(_, String operator, Expression left, Expression right) ->
          arithmetic(line, operator, of(left, scope), of(right, scope));
      case Expression.Comparison comparison -> Value.of(compare(comparison, scope));
      case Expression.Conditional conditional -> {
        if (of(conditional.condition(), scope).isTrue()) {
          yield of(conditional.then(), scope);
        }
        yield conditional
            .otherwise()
            .map(otherwise -> of(otherwise, scope))
            .orElseGet(() -> new Value.Undefined("the missing else"));
      }
    };
  }

  private List<Value> all(List<Expression> expressions, Scope scope) {
    List<Value> values = new ArrayList<>();
    expressions.forEach(expression -> values.add(of(expression, scope)));
    return values;
  }

  private Map<String, Value> named(Map<String, Expression> expressions, Scope scope) {
    Map<String, Value> values = new LinkedHashMap<>();
    expressions.forEach((name, expression) -> values.put(name, of(expression, scope)));
    return values;
  }

  private Value table(Expression.MapOf map, Scope scope) {
    Map<String, Value> entries = new LinkedHashMap<>();
    for (int i = 0; i < map.keys().size(); i++) {
      Value key = of(map.keys().get(i), scope);
      entries.put(text(map.line(), key, "a key"), of(map.values().get(i), scope));
    }
    return new Value.Table(entries);
  }

  /** {@code value.name}; undefined where there is none, as in Jinja. */
  private Value member(int line, Value value, String name) {
    return switch (value) {
      case Value.Table(Map<String, Value> entries) ->
          entries.getOrDefault(name, new Value.Undefined(name));
      case Value.Namespace(Map<String, Value> members) ->
          members.getOrDefault(name, new Value.Undefined(name));
      case Value.Undefined(String of) -> throw new JinjaException(line, of + " is undefined");
      case Value.None _, Value.Truth _, Value.Whole _, Value.Real _, Value.Text _, Value.Items _ ->
          new Value.Undefined(name);
    };
  }

  private Value item(int line, Value value, Value key) {
    Value missing = new Value.Undefined("an item");
    if (key instanceof Value.Text(String name)) {
      return member(line, value, name);
    }
    return switch (value) {
      case Value.Items(List<Value> items) -> {
        int at = index(line, key, items.size());
        yield at < 0 ? missing : items.get(at);
      }
      case Value.Text(String text) -> {
        int[] letters = codePoints(line, text);
        int at = index(line, key, letters.length);
        yield at < 0 ? missing : Value.of(Character.toString(letters[at]));
      }
      case Value.Undefined(String of) -> throw new JinjaException(line, of + " is undefined");
      case Value.Table _,
          Value.None _,
          Value.Truth _,
          Value.Whole _,
          Value.Real _,
          Value.Namespace _ ->
          missing;
    };
  }

  /** The place that a number names, from the end if negative; -1 if there is none. */
  private static int index(int line, Value key, int size) {
    if (!(key instanceof Value.Whole(long index))) {
      throw new JinjaException(line, key.kind() + " as an index");
    }
    long at = index < 0 ? index + size : index;
    return at >= 0 && at < size ? (int) at : -1;
  }

  private Value slice(Expression.Slice slice, Scope scope) {
    int line = slice.line();
    Value target = of(slice.target(), scope);
    long step = bound(line, slice.step(), scope, 1);
    if (step == 0) {
      throw new JinjaException(line, "a slice with step 0");
    }
    int[] letters = target instanceof Value.Text(String text) ? codePoints(line, text) : new int[0];
    List<Value> items = target instanceof Value.Text ? List.of() : items(line, target);
    int size = target instanceof Value.Text ? letters.length : items.size();
    long from = clip(bound(line, slice.from(), scope, step > 0 ? 0 : size - 1L), size, step);
    // Before the first place when it is not given and the slice runs backwards.
    long to =
        slice.to().isEmpty()
            ? step > 0 ? size : -1
            : clip(bound(line, slice.to(), scope, 0), size, step);
    StringBuilder text = new StringBuilder();
    List<Value> taken = new ArrayList<>();
    for (long at = from; step > 0 ? at < to : at > to; at += step) {
      budget.step(line);
      if (target instanceof Value.Text) {
        text.appendCodePoint(letters[(int) at]);
      } else {
        taken.add(items.get((int) at));
      }
      if (Math.abs(step) > size) {
        break; // one item, and no overflow
      }
    }
    return target instanceof Value.Text ? built(line, text.toString()) : Value.list(taken);
  }

  private long bound(int line, Optional<Expression> bound, Scope scope, long absent) {
    if (bound.isEmpty()) {
      return absent;
    }
    return switch (of(bound.get(), scope)) {
      case Value.Whole(long value) -> value;
      case Value.None _ -> absent;
      case Value other -> throw new JinjaException(line, other.kind() + " as a bound of a slice");
    };
  }

  private static long clip(long bound, int size, long step) {
    long at = bound < 0 ? Math.max(bound, -size - 1L) + size : bound;
    return step > 0 ? Math.clamp(at, 0, size) : Math.clamp(at, -1, size - 1L);
  }

  private int[] codePoints(int line, String text) {
    budget.letters(line, text.length());
    return text.codePoints().toArray();
  }

  private Value call(Expression.Call call, Scope scope) {
    List<Value> arguments = all(call.arguments(), scope);
    Map<String, Value> named = named(call.named(), scope);
    return switch (call.target()) {
      case Expression.Name(int line, String name) -> functions.global(line, name, arguments, named);
      case Expression.Attribute(int line, Expression target, String name) ->
          functions.method(line, of(target, scope), name, arguments, named);
      case Expression other -> throw new JinjaException(other.line(), "a call of what is no name");
    };
  }

  private static Value minus(int line, Value value) {
    return switch (value) {
      case Value.Whole(long whole) -> Value.of(-whole);
      case Value.Real(double real) -> new Value.Real(-real);
      case Value other -> throw new JinjaException(line, "minus of " + other.kind());
    };
  }

  private Value arithmetic(int line, String operator, Value left, Value right) {
    if (operator.equals("~")) {
      return built(line, printed(line, left), printed(line, right));
    }
    if (operator.equals("+")
        && left instanceof Value.Text(String first)
        && right instanceof Value.Text(String second)) {
      return built(line, first, second);
    }
    if (operator.equals("+")
        && left instanceof Value.Items(List<Value> first)
        && right instanceof Value.Items(List<Value> second)) {
      budget.steps(line, first.size() + (long) second.size());
      List<Value> both = new ArrayList<>(first);
      both.addAll(second);
      return Value.list(both);
    }
    if (left instanceof Value.Whole(long a) && right instanceof Value.Whole(long b)) {
      return whole(line, operator, a, b);
    }
    throw new JinjaException(line, left.kind() + " " + operator + " " + right.kind());
  }

  private static Value whole(int line, String operator, long a, long b) {
    try {
      return switch (operator) {
        case "+" -> Value.of(Math.addExact(a, b));
        case "-" -> Value.of(Math.subtractExact(a, b));
        case "*" -> Value.of(Math.multiplyExact(a, b));
        case "/" -> new Value.Real(divisor(a, b) / (double) b);
        case "//" -> Value.of(Math.floorDiv(divisor(a, b), b));
        case "%" -> Value.of(Math.floorMod(divisor(a, b), b));
        default -> throw new JinjaException(line, "the operator " + operator);
      };
    } catch (ArithmeticException e) {
      throw new JinjaException(line, a + " " + operator + " " + b + ": " + e.getMessage());
    }
  }

  private static long divisor(long a, long b) {
    if (b == 0) {
      throw new ArithmeticException("division by zero");
    }
    return a;
  }

  private boolean compare(Expression.Comparison comparison, Scope scope) {
    Value left = of(comparison.first(), scope);
    for (int i = 0; i < comparison.operators().size(); i++) {
      Value right = of(comparison.others().get(i), scope);
      if (!holds(comparison.line(), comparison.operators().get(i), left, right)) {
        return false;
      }
      left = right;
    }
    return true;
  }

  private boolean holds(int line, String operator, Value left, Value right) {
    return switch (operator) {
      case "==" -> left.same(right);
      case "!=" -> !left.same(right);
      case "in" -> contains(line, right, left);
      case "not in" -> !contains(line, right, left);
      case "<" -> order(line, left, right) < 0;
      case "<=" -> order(line, left, right) <= 0;
      case ">" -> order(line, left, right) > 0;
      case ">=" -> order(line, left, right) >= 0;
      default -> throw new JinjaException(line, "the operator " + operator);
    };
  }

  private static int order(int line, Value left, Value right) {
    if (left instanceof Value.Text(String a) && right instanceof Value.Text(String b)) {
      return a.compareTo(b);
    }
    if (left instanceof Value.Whole(long a) && right instanceof Value.Whole(long b)) {
      return Long.compare(a, b);
    }
    throw new JinjaException(line, left.kind() + " compared with " + right.kind());
  }

  private boolean contains(int line, Value container, Value value) {
    return switch (container) {
      case Value.Text(String text) -> text.contains(text(line, value, "what is looked for"));
      case Value.Table(Map<String, Value> entries) ->
          value instanceof Value.Text(String key) && entries.containsKey(key);
      case Value.Items(List<Value> items) -> {
        budget.steps(line, items.size());
        yield items.stream().anyMatch(item -> item.same(value));
      }
      case Value.Undefined _ -> false;
      case Value.None _, Value.Truth _, Value.Whole _, Value.Real _, Value.Namespace _ ->
          throw new JinjaException(line, "'in' " + container.kind());
    };
  }

  /** What a loop runs over: items, keys, or letters. */
  List<Value> items(int line, Value value) {
    return switch (value) {
      case Value.Items(List<Value> items) -> items;
      case Value.Table(Map<String, Value> entries) ->
          entries.keySet().stream().map(Value::of).toList();
      case Value.Text(String text) -> {
        List<Value> letters = new ArrayList<>();
        for (int letter : codePoints(line, text)) {
          budget.step(line);
          letters.add(Value.of(Character.toString(letter)));
        }
        yield letters;
      }
      case Value.Undefined _ -> List.of();
      case Value.None _, Value.Truth _, Value.Whole _, Value.Real _, Value.Namespace _ ->
          throw new JinjaException(line, value.kind() + " has no items");
    };
  }

  /** The text of a value that must be one. */
  String text(int line, Value value, String what) {
    if (!(value instanceof Value.Text(String text))) {
      throw new JinjaException(line, what + " is " + value.kind() + ", expected a text");
    }
    return text;
  }

  /**
   * A value as it is printed. Lists, dictionaries and fractions are refused: how Python writes them
   * is not what a prompt should hold; {@code tojson} writes the first two.
   */
  String printed(int line, Value value) {
    return switch (value) {
      case Value.Text(String text) -> text;
      case Value.Whole(long whole) -> Long.toString(whole);
      case Value.Truth(boolean truth) -> truth ? "True" : "False";
      case Value.None _ -> "None";
      case Value.Undefined _ -> "";
      case Value.Real _, Value.Items _, Value.Table _, Value.Namespace _ ->
          throw new JinjaException(line, value.kind() + " cannot be printed");
    };
  }

  /** A new text, which counts. */
  Value built(int line, String... parts) {
    for (String part : parts) {
      budget.letters(line, part.length());
    }
    return Value.of(String.join("", parts));
  }
}
