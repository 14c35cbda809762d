package krites.reward;

import java.util.List;

/** A parsed arithmetic expression. */
sealed interface Expression {
  /** An exact integer or decimal; {@code decimal} when written with a point or exponent. */
  record Literal(String digits, boolean decimal) implements Expression {}

  /** An unknown. */
  record Symbol(String name) implements Expression {}

  /** The circle number. */
  record Pi() implements Expression {}

  /** Terms that are added; a flag per term says that it is subtracted. */
  record Sum(List<Expression> terms, List<Boolean> subtracted) implements Expression {}

  /** Factors that are multiplied; a flag per factor says that it divides. */
  record Product(List<Expression> factors, List<Boolean> divides) implements Expression {}

  /** The opposite of an expression. */
  record Negative(Expression of) implements Expression {}

  /** A power. */
  record Power(Expression base, Expression exponent) implements Expression {}

  /** A square root. */
  record Root(Expression of) implements Expression {}

  /** A natural logarithm. */
  record Logarithm(Expression of) implements Expression {}

  /** A factorial. */
  record Factorial(Expression of) implements Expression {}
}
