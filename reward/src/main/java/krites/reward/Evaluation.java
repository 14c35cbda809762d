package krites.reward;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/** The value of an expression where its unknowns have given values. */
final class Evaluation {
  private final Map<String, Quantity> values;

  private Evaluation(Map<String, Quantity> values) {
    this.values = values;
  }

  /**
   * The value, or empty where there is none (division by zero, a factorial of no small integer,
   * overflow).
   */
  static Optional<Quantity> at(Expression expression, Map<String, Quantity> values) {
    try {
      Quantity value = new Evaluation(values).value(expression);
      return value.isFinite() ? Optional.of(value) : Optional.empty();
    } catch (ArithmeticException e) {
      return Optional.empty();
    }
  }

  /** Names of the unknowns, in order of appearance. */
  static List<String> unknowns(Expression expression) {
    Set<String> names = new LinkedHashSet<>();
    for (Expression part : parts(expression)) {
      if (part instanceof Expression.Symbol(String name)) {
        names.add(name);
      }
    }
    return List.copyOf(names);
  }

  static boolean hasDecimals(Expression expression) {
    return parts(expression).stream()
        .anyMatch(part -> part instanceof Expression.Literal(_, boolean d) && d);
  }

  private static List<Expression> parts(Expression expression) {
    List<Expression> all = new ArrayList<>(List.of(expression));
    for (int i = 0; i < all.size(); i++) {
      all.addAll(children(all.get(i)));
    }
    return all;
  }

  private static List<Expression> children(Expression expression) {
    return switch (expression) {
      case Expression.Literal _, Expression.Symbol _, Expression.Pi _ -> List.of();
      case Expression.Sum(List<Expression> terms, _) -> terms;
      case Expression.Product(List<Expression> factors, _) -> factors;
      case Expression.Negative(Expression of) -> List.of(of);
      case Expression.Power(Expression base, Expression exponent) -> List.of(base, exponent);
      case Expression.Root(Expression of) -> List.of(of);
      case Expression.Logarithm(Expression of) -> List.of(of);
      case Expression.Factorial(Expression of) -> List.of(of);
    };
  }

  private Quantity value(Expression expression) {
    return switch (expression) {
      case Expression.Literal(String digits, boolean decimal) -> Quantity.literal(digits, decimal);
      case Expression.Symbol(String name) -> Objects.requireNonNull(values.get(name), name);
      case Expression.Pi _ -> Quantity.PI;
      case Expression.Sum(List<Expression> terms, List<Boolean> subtracted) -> {
        Quantity sum = value(terms.getFirst());
        for (int i = 1; i < terms.size(); i++) {
          Quantity term = value(terms.get(i));
          sum = sum.plus(subtracted.get(i) ? term.negated() : term);
        }
        yield sum;
      }
      case Expression.Product(List<Expression> factors, List<Boolean> divides) -> {
        Quantity product = value(factors.getFirst());
        for (int i = 1; i < factors.size(); i++) {
          Quantity factor = value(factors.get(i));
          product = product.times(divides.get(i) ? factor.inverse() : factor);
        }
        yield product;
      }
      case Expression.Negative(Expression of) -> value(of).negated();
      case Expression.Power(Expression base, Expression exponent) ->
          value(base).power(value(exponent));
      case Expression.Root(Expression of) -> value(of).squareRoot();
      case Expression.Logarithm(Expression of) -> value(of).logarithm();
      case Expression.Factorial(Expression of) -> value(of).factorial();
    };
  }
}
