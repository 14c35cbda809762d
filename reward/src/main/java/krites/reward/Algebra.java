package krites.reward;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.IntFunction;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Decides whether two normalised answers are equal as algebra.
 *
 * <p>Stands for {@code are_equal_under_sympy} of MathRuler, with the same gate (at most two
 * different letters, no high powers). Instead of simplifying the difference we evaluate it: exactly
 * in rational numbers at several rational points, and in complex numbers at generic points. A
 * polynomial identity in at most two unknowns with powers below ten that holds at all of them by
 * chance is not a concern; a logarithm or root is compared within 1e-12 of its size.
 */
final class Algebra {
  private static final List<String> REFUSED = List.of("^{", "^(");
  private static final Pattern TOWER = Pattern.compile("\\^[0-9]++\\^");
  private static final Pattern HIGH_POWER = Pattern.compile("\\^[0-9][0-9]");
  private static final Pattern FINE_DECIMAL = Pattern.compile("[0-9]\\.[0-9]{11}|\\.[0-9]{12}");
  private static final int LETTERS_MAX = 2;

  /**
   * Rational points, as numerators over {@link #RATIONAL_DENOMINATORS}; one row per point, one
   * column per unknown.
   */
  private static final int[][] RATIONAL_POINTS = {
    {3, 7, 11, 13, 17, 19}, {7, 5, 29, 3, 8, 31}, {11, 2, 5, 9, 7, 23}
  };

  private static final int[] RATIONAL_DENOMINATORS = {1, 3, 4};

  /**
   * Powers of two keep decimals exact in binary arithmetic, so 0.2x equals x/5 and 0.1x + 0.2x
   * differs from 0.3x.
   */
  private static final int[][] BINARY_POINTS = {{2, 8, 4, 16, 32, 64}, {16, 2, 64, 4, 8, 32}};

  private static final double[][] COMPLEX_POINTS = {
    {0.73, 0.41, -1.19, 0.57, 0.35, -0.83, 1.37, 0.21, -0.47, -0.93, 0.87, 1.03},
    {-0.61, -0.89, 0.97, -1.13, -1.31, 0.29, 0.53, 0.79, 1.07, -0.37, -0.43, 0.67},
    {-9.43, -0.23, -5.71, -0.31, -6.59, 1.21, -3.17, 1.09, -7.91, 0.33, -4.27, 0.51}
  };

  private Algebra() {}

  static boolean equal(String truth, String given) {
    String difference = "(" + truth + ")-(" + given + ")";
    if (!mayEvaluate(difference)) {
      return false;
    }
    Optional<Expression> expected = ExpressionParser.parse(truth);
    Optional<Expression> seen = ExpressionParser.parse(given);
    if (expected.isEmpty() || seen.isEmpty()) {
      return false;
    }
    return isZero(
        new Expression.Sum(List.of(expected.get(), seen.get()), List.of(false, true)),
        FINE_DECIMAL.matcher(difference).find());
  }

  private static boolean mayEvaluate(String difference) {
    String rest = difference.replace("sqrt", "").replace("frac", "");
    long letters =
        rest.codePoints().filter(Character::isLetter).distinct().limit(LETTERS_MAX + 1).count();
    return letters <= LETTERS_MAX
        && REFUSED.stream().noneMatch(difference::contains)
        && !TOWER.matcher(difference).find()
        && !HIGH_POWER.matcher(difference).find();
  }

  private static boolean isZero(Expression difference, boolean fineDecimals) {
    List<String> unknowns = Evaluation.unknowns(difference);
    boolean decimals = Evaluation.hasDecimals(difference);
    int[][] points = decimals ? BINARY_POINTS : RATIONAL_POINTS;
    int zeros = 0;
    for (int i = 0; i < points.length; i++) {
      int[] point = points[i];
      int denominator = decimals ? 1 : RATIONAL_DENOMINATORS[i];
      Optional<Quantity> value =
          Evaluation.at(
              difference,
              values(unknowns, k -> Quantity.fraction(point[k % point.length], denominator)));
      if (value.isPresent()
          && (!value.get().isZero() || (fineDecimals && value.get().isTranscendental()))) {
        return false;
      }
      zeros += value.isPresent() ? 1 : 0;
    }
    for (double[] point : COMPLEX_POINTS) {
      Optional<Quantity> value =
          unknowns.isEmpty()
              ? Optional.empty()
              : Evaluation.at(
                  difference,
                  values(
                      unknowns,
                      k ->
                          Quantity.complex(
                              point[2 * k % point.length], point[(2 * k + 1) % point.length])));
      if (value.isPresent() && !value.get().isZero()) {
        return false;
      }
    }
    return zeros > 0;
  }

  private static Map<String, Quantity> values(List<String> unknowns, IntFunction<Quantity> value) {
    Map<String, Quantity> values =
        unknowns.stream()
            .collect(
                Collectors.toMap(
                    name -> name,
                    name -> value.apply(unknowns.indexOf(name)),
                    (a, _) -> a,
                    TreeMap::new));
    return Map.copyOf(values);
  }
}
