package krites.model.jinja;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A parsed expression; {@code line} is where it stands in the template. */
sealed interface Expression {
  int line();

  /** A text, number, truth value or none. */
  record Literal(int line, Value value) implements Expression {}

  record Name(int line, String name) implements Expression {}

  record ListOf(int line, List<Expression> items) implements Expression {}

  record MapOf(int line, List<Expression> keys, List<Expression> values) implements Expression {}

  /** {@code target.name}. */
  record Attribute(int line, Expression target, String name) implements Expression {}

  /** {@code target[key]}. */
  record Item(int line, Expression target, Expression key) implements Expression {}

  /** {@code target[from:to:step]}. */
  record Slice(
      int line,
      Expression target,
      Optional<Expression> from,
      Optional<Expression> to,
      Optional<Expression> step)
      implements Expression {}

  /** A call of a global function or of a method. */
  record Call(
      int line, Expression target, List<Expression> arguments, Map<String, Expression> named)
      implements Expression {}

  /** {@code target | name(arguments)}. */
  record Filter(
      int line,
      Expression target,
      String name,
      List<Expression> arguments,
      Map<String, Expression> named)
      implements Expression {}

  /** {@code target is name}. */
  record Test(int line, Expression target, String name, boolean negated) implements Expression {}

  record Not(int line, Expression of) implements Expression {}

  record Minus(int line, Expression of) implements Expression {}

  record And(int line, Expression left, Expression right) implements Expression {}

  record Or(int line, Expression left, Expression right) implements Expression {}

  /** {@code + - * / // % ~}. */
  record Arithmetic(int line, String operator, Expression left, Expression right)
      implements Expression {}

  /** A chain such as {@code a < b <= c}: each neighbour is compared. */
  record Comparison(int line, Expression first, List<String> operators, List<Expression> others)
      implements Expression {}

  /** {@code then if condition else otherwise}. */
  record Conditional(
      int line, Expression condition, Expression then, Optional<Expression> otherwise)
      implements Expression {}
}
