package krites.app.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * Compares numbers of one golden case, given as JSON of any nesting, with computed ones, and
 * reports each item.
 */
final class GoldenComparison {
  /** Tolerance of the GRPO functions, times {@code max(1, |golden|)}. */
  static final double TOLERANCE = 1e-5;

  private final String check;
  private final String caseName;
  private final Consumer<CaseResult> results;

  GoldenComparison(String check, String caseName, Consumer<CaseResult> results) {
    this.check = check;
    this.caseName = caseName;
    this.results = results;
  }

  /** Compares with the usual tolerance, relative to {@code max(1, |golden|)}. */
  void compare(String item, JsonNode golden, double... actual) {
    compareScaled(item, golden, TOLERANCE, 1, actual);
  }

  /** Compares a table, row after row. */
  void compare(String item, JsonNode golden, double[][] actual) {
    compare(item, golden, GoldenJson.flatten(actual));
  }

  /**
   * Compares numbers.
   *
   * @param tolerance largest scaled difference allowed
   * @param floor differences are divided by {@code max(floor, |golden|)}; above 0
   */
  void compareScaled(
      String item, JsonNode golden, double tolerance, double floor, double... actual) {
    double[] expected = GoldenJson.numbers(golden);
    if (sameLength(item, expected, actual)) {
      double[] scales =
          Arrays.stream(expected).map(value -> Math.max(floor, Math.abs(value))).toArray();
      report(item, expected, actual, scales, tolerance);
    }
  }

  /** Compares absolutely, with a tolerance of its own for each number. */
  void compareEach(String item, JsonNode golden, double[] tolerances, double... actual) {
    double[] expected = GoldenJson.numbers(golden);
    if (sameLength(item, expected, actual) && sameLength(item, expected, tolerances)) {
      report(item, expected, actual, tolerances, 1);
    }
  }

  /** Compares whole numbers, which must be equal; the difference reported is how many are not. */
  void compareEqual(String item, JsonNode golden, double... actual) {
    double[] expected = GoldenJson.numbers(golden);
    if (sameLength(item, expected, actual)) {
      long unequal = 0;
      for (int k = 0; k < expected.length; k++) {
        unequal += expected[k] == actual[k] ? 0 : 1;
      }
      results.accept(CaseResult.of(check, caseName, item, unequal, 0));
    }
  }

  /** Reports a text that must be equal. */
  void compareText(String item, String golden, String actual) {
    boolean equal = golden.equals(actual);
    String note = equal ? "" : "expected '" + golden + "', got '" + actual + "'";
    results.accept(new CaseResult(check, caseName, item, equal ? 0 : 1, 0, equal, note));
  }

  /** Reports an item that the golden data say not to compare. */
  void notCompared(String item, String reason) {
    results.accept(new CaseResult(check, caseName, item, 0, 0, true, reason));
  }

  private boolean sameLength(String item, double[] expected, double[] actual) {
    if (expected.length != actual.length) {
      String note = "expected " + expected.length + " numbers, got " + actual.length;
      results.accept(CaseResult.failed(check, caseName, item, note));
    }
    return expected.length == actual.length;
  }

  private void report(
      String item, double[] expected, double[] actual, double[] scales, double tolerance) {
    double worst = 0;
    int place = 0;
    for (int k = 0; k < expected.length; k++) {
      double difference = difference(expected[k], actual[k]) / scales[k];
      if (!(difference <= worst)) {
        worst = difference;
        place = k;
      }
      if (Double.isNaN(worst)) {
        break;
      }
    }
    boolean passed = worst <= tolerance;
    String note =
        passed
            ? ""
            : "number " + place + ": expected " + expected[place] + ", got " + actual[place];
    results.accept(new CaseResult(check, caseName, item, worst, tolerance, passed, note));
  }

  private static double difference(double expected, double actual) {
    boolean same = Double.compare(expected, actual) == 0;
    return same ? 0 : Math.abs(expected - actual);
  }
}
