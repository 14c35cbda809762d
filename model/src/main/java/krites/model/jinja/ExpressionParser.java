package krites.model.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.model.jinja.Words.Kind;
import krites.model.jinja.Words.Word;

/**
 * Reads expressions by recursive descent, loosest operator first.
 *
 * <p>Source: {@code jinja2/parser.py} of Jinja 3.1, for the order of the operators.
 */
final class ExpressionParser {
  /** Brackets and operators inside each other; no template comes near, and the stack holds. */
  private static final int DEEPEST = 60;

  private static final List<String> COMPARISONS = List.of("==", "!=", "<", "<=", ">", ">=");

  private final List<Word> words;
  private final int line;
  private int at;
  private int depth;

  ExpressionParser(String inside, int line) {
    this.words = Words.of(inside, line);
    this.line = line;
  }

  /** Whether the next word is this name or sign; it is then taken. */
  boolean take(String word) {
    boolean found = is(word);
    at += found ? 1 : 0;
    return found;
  }

  private boolean is(String word) {
    Word next = words.get(at);
    return (next.kind() == Kind.NAME || next.kind() == Kind.SIGN) && next.text().equals(word);
  }

  void need(String word) {
    if (!take(word)) {
      throw trouble("expected '" + word + "', found '" + words.get(at).text() + "'");
    }
  }

  String name() {
    Word next = words.get(at);
    if (next.kind() != Kind.NAME) {
      throw trouble("expected a name, found '" + next.text() + "'");
    }
    at++;
    return next.text();
  }

  boolean atEnd() {
    return words.get(at).kind() == Kind.END;
  }

  void end() {
    if (!atEnd()) {
      throw trouble("unexpected '" + words.get(at).text() + "'");
    }
  }

  JinjaException trouble(String problem) {
    return new JinjaException(line, problem);
  }

  /** A whole expression. */
  Expression expression() {
    depth++;
    if (depth > DEEPEST) {
      throw trouble("an expression that is nested too deeply");
    }
    Expression then = or();
    while (take("if")) {
      Expression condition = or();
      Optional<Expression> otherwise = take("else") ? Optional.of(expression()) : Optional.empty();
      then = new Expression.Conditional(line, condition, then, otherwise);
    }
    depth--;
    return then;
  }

  /** What a loop runs over: no condition behind it, since that would be its filter. */
  Expression or() {
    Expression left = and();
    while (take("or")) {
      left = new Expression.Or(line, left, and());
    }
    return left;
  }

  private Expression and() {
    Expression left = not();
    while (take("and")) {
      left = new Expression.And(line, left, not());
    }
    return left;
  }

  private Expression not() {
    int times = 0;
    while (take("not")) {
      times++;
    }
    Expression of = comparison();
    for (int i = 0; i < Math.min(times, 2 - times % 2); i++) { // two more change nothing
      of = new Expression.Not(line, of);
    }
    return of;
  }

  private Expression comparison() {
    Expression first = sum();
    List<String> operators = new ArrayList<>();
    List<Expression> others = new ArrayList<>();
    for (String operator = comparator(); !operator.isEmpty(); operator = comparator()) {
      operators.add(operator);
      others.add(sum());
    }
    return operators.isEmpty()
        ? first
        : new Expression.Comparison(line, first, List.copyOf(operators), List.copyOf(others));
  }

  private String comparator() {
    for (String operator : COMPARISONS) {
      if (take(operator)) {
        return operator;
      }
    }
    if (take("in")) {
      return "in";
    }
    boolean notIn = is("not") && words.get(at + 1).text().equals("in");
    at += notIn ? 2 : 0;
    return notIn ? "not in" : "";
  }

  private Expression sum() {
    Expression left = joined();
    while (is("+") || is("-")) {
      left = new Expression.Arithmetic(line, words.get(at++).text(), left, joined());
    }
    return left;
  }

  private Expression joined() {
    Expression left = product();
    while (take("~")) {
      left = new Expression.Arithmetic(line, "~", left, product());
    }
    return left;
  }

  private Expression product() {
    Expression left = signed();
    while (is("*") || is("/") || is("//") || is("%")) {
      left = new Expression.Arithmetic(line, words.get(at++).text(), left, signed());
    }
    return left;
  }

  private Expression signed() {
    if (take("-")) {
      // A filter behind belongs to the signed value: -1 | abs.
      return filtered(new Expression.Minus(line, postfix(primary())));
    }
    return filtered(postfix(primary()));
  }

  private Expression primary() {
    Word word = words.get(at++);
    return switch (word.kind()) {
      case TEXT -> text(word.text());
      case NUMBER -> number(word.text());
      case NAME -> named(word.text());
      case SIGN -> bracket(word.text());
      case END -> throw trouble("an expression that ends too early");
    };
  }

  /** Texts that stand beside each other are one. */
  private Expression text(String first) {
    StringBuilder text = new StringBuilder(first);
    while (words.get(at).kind() == Kind.TEXT) {
      text.append(words.get(at++).text());
    }
    return new Expression.Literal(line, Value.of(text.toString()));
  }

  private Expression number(String digits) {
    try {
      Value value =
          digits.contains(".")
              ? new Value.Real(Double.parseDouble(digits))
              : Value.of(Long.parseLong(digits));
      return new Expression.Literal(line, value);
    } catch (NumberFormatException e) {
      throw trouble("the number " + digits + " is too large");
    }
  }

  private Expression named(String name) {
    return switch (name) {
      case "true", "True" -> new Expression.Literal(line, Value.TRUE);
      case "false", "False" -> new Expression.Literal(line, Value.FALSE);
      case "none", "None" -> new Expression.Literal(line, new Value.None());
      default -> new Expression.Name(line, name);
    };
  }

  private Expression bracket(String sign) {
    return switch (sign) {
      case "(" -> inParentheses();
      case "[" -> new Expression.ListOf(line, items("]"));
      case "{" -> table();
      default -> throw trouble("unexpected '" + sign + "'");
    };
  }

  /** A tuple is a list here: templates do not tell them apart. */
  private Expression inParentheses() {
    if (take(")")) {
      return new Expression.ListOf(line, List.of());
    }
    Expression first = expression();
    if (take(")")) {
      return first;
    }
    need(",");
    List<Expression> items = new ArrayList<>(List.of(first));
    items.addAll(items(")"));
    return new Expression.ListOf(line, List.copyOf(items));
  }

  private List<Expression> items(String close) {
    List<Expression> items = new ArrayList<>();
    while (!take(close)) {
      items.add(expression());
      if (!is(close)) {
        need(",");
      }
    }
    return List.copyOf(items);
  }

  private Expression table() {
    List<Expression> keys = new ArrayList<>();
    List<Expression> values = new ArrayList<>();
    while (!take("}")) {
      keys.add(expression());
      need(":");
      values.add(expression());
      if (!is("}")) {
        need(",");
      }
    }
    return new Expression.MapOf(line, List.copyOf(keys), List.copyOf(values));
  }

  private Expression postfix(Expression of) {
    Expression value = of;
    int chain = 0;
    while (true) {
      if (++chain > DEEPEST) {
        throw trouble("a chain of too many members and calls");
      }
      if (take(".")) {
        value = new Expression.Attribute(line, value, name());
      } else if (take("[")) {
        value = itemOrSlice(value);
      } else if (take("(")) {
        Map<String, Expression> named = new LinkedHashMap<>();
        value = new Expression.Call(line, value, arguments(named), named);
      } else {
        return value;
      }
    }
  }

  private Expression itemOrSlice(Expression target) {
    Optional<Expression> from = is(":") ? Optional.empty() : Optional.of(expression());
    if (from.isPresent() && take("]")) {
      return new Expression.Item(line, target, from.get());
    }
    need(":");
    Optional<Expression> to = bound();
    Optional<Expression> step = take(":") ? bound() : Optional.empty();
    need("]");
    return new Expression.Slice(line, target, from, to, step);
  }

  private Optional<Expression> bound() {
    return is(":") || is("]") ? Optional.empty() : Optional.of(expression());
  }

  private List<Expression> arguments(Map<String, Expression> named) {
    List<Expression> arguments = new ArrayList<>();
    while (!take(")")) {
      if (words.get(at).kind() == Kind.NAME && words.get(at + 1).text().equals("=")) {
        String name = name();
        need("=");
        named.put(name, expression());
      } else {
        arguments.add(expression());
      }
      if (!is(")")) {
        need(",");
      }
    }
    return List.copyOf(arguments);
  }

  private Expression filtered(Expression of) {
    Expression value = of;
    int chain = 0;
    while (is("|") || is("is")) {
      if (++chain > DEEPEST) {
        throw trouble("a chain of too many filters");
      }
      if (take("|")) {
        String name = name();
        Map<String, Expression> named = new LinkedHashMap<>();
        List<Expression> arguments = take("(") ? arguments(named) : List.of();
        value = new Expression.Filter(line, value, name, arguments, named);
      } else {
        need("is");
        boolean negated = take("not");
        value = new Expression.Test(line, value, name(), negated);
      }
    }
    return value;
  }
}
