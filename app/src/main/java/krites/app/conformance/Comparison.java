package krites.app.conformance;

import java.util.function.Consumer;
import java.util.function.IntPredicate;
import krites.model.safetensors.SafetensorsFile;

/**
 * Compares arrays of one case with golden tensors and reports each as a {@link CaseResult}.
 *
 * <p>The tolerances are those that the README of the golden data suggests.
 */
final class Comparison {
  static final double PIXELS = 1e-5;
  static final double EMBEDDINGS = 5e-5;
  static final double LOGITS = 1e-4;
  static final double LOG_PROBS = 5e-5;
  static final double LOSS = 1e-5;

  /** Relative to the largest absolute value of the tensor. */
  static final double GRADIENTS = 1e-4;

  /**
   * Of a weight after a step from our own gradient, where the golden gradient is at least {@link
   * #CLEAR_GRADIENT}.
   */
  static final double STEP = 2e-6;

  /** Of a weight after a step from the golden gradient. */
  static final double STEP_ALONE = 1e-6;

  static final double CLEAR_GRADIENT = 1e-5;

  /** Steps apart, in learning rates, that the sign of a tiny gradient can make. */
  static final double STEP_OF_NOISE = 2.1;

  static final double LATER_LOSS = 5e-4;

  /** Of a weight after three steps, in learning rates, where the first gradient is clear. */
  static final double LATER_STEP = 0.25;

  /** Relative to a tensor's largest gradient; smaller ones drown in the noise of later steps. */
  static final double CLEAR_SHARE = 1e-3;

  private final String check;
  private final String label;
  private final SafetensorsFile tensors;
  private final Consumer<CaseResult> results;

  Comparison(String check, String label, SafetensorsFile tensors, Consumer<CaseResult> results) {
    this.check = check;
    this.label = label;
    this.tensors = tensors;
    this.results = results;
  }

  /** The same comparison, its items reported under a prefix. */
  Comparison named(String prefix) {
    return new Comparison(
        check,
        label,
        tensors,
        result ->
            results.accept(
                new CaseResult(
                    result.check(),
                    result.caseName(),
                    prefix + result.item(),
                    result.maxDifference(),
                    result.tolerance(),
                    result.passed(),
                    result.note())));
  }

  boolean has(String tensor) {
    return tensors.find(tensor).isPresent();
  }

  float[] floats(String tensor) {
    return tensors.floats(tensor);
  }

  long[] longs(String tensor) {
    return tensors.longs(tensor);
  }

  /** Length of an axis of a golden tensor. */
  int side(String tensor, int axis) {
    return Math.toIntExact(tensors.entry(tensor).shape()[axis]);
  }

  /** Compares with the golden tensor of the same name. */
  void close(String tensor, float[] actual, double tolerance) {
    close(tensor, floats(tensor), actual, tolerance);
  }

  void close(String item, float[] expected, float[] actual, double tolerance) {
    closeWhere(item, expected, actual, tolerance, _ -> true);
  }

  /** Compares the places that the golden data define. */
  void closeWhere(
      String item, float[] expected, float[] actual, double tolerance, IntPredicate where) {
    if (differ(item, expected.length, actual.length)) {
      return;
    }
    double worst = 0;
    int place = -1;
    for (int i = 0; i < expected.length; i++) {
      if (where.test(i) && Float.floatToIntBits(expected[i]) != Float.floatToIntBits(actual[i])) {
        double difference = Math.abs((double) expected[i] - actual[i]);
        if (!(difference <= worst)) {
          worst = difference;
          place = i;
          if (Double.isNaN(difference)) {
            break;
          }
        }
      }
    }
    boolean passed = worst <= tolerance;
    String note =
        passed
            ? ""
            : "number " + place + ": expected " + expected[place] + ", got " + actual[place];
    results.accept(new CaseResult(check, label, item, worst, tolerance, passed, note));
  }

  /**
   * Compares a gradient, within a share of the golden tensor's largest absolute value.
   *
   * @param actual empty if there is no gradient, which never equals a golden one
   */
  void gradient(String item, float[] expected, float[] actual) {
    close(item, expected, actual, GRADIENTS * largest(expected));
  }

  /** The largest absolute value. */
  static double largest(float[] values) {
    double largest = 0;
    for (float value : values) {
      largest = Math.max(largest, Math.abs(value));
    }
    return largest;
  }

  /**
   * Compares weights after optimizer steps: strictly where the golden gradient is clear, loosely
   * where noise may decide its sign.
   *
   * @param clear absolute value from which a gradient is clear
   */
  void stepped(
      String item,
      float[] expected,
      float[] actual,
      float[] gradient,
      double clear,
      double strict,
      double loose) {
    closeWhere(item, expected, actual, strict, i -> Math.abs(gradient[i]) >= clear);
    closeWhere(
        item + " (tiny gradient)", expected, actual, loose, i -> Math.abs(gradient[i]) < clear);
  }

  /**
   * Compares whole numbers with the golden tensor of the same name; the difference reported is how
   * many differ.
   */
  void equal(String tensor, long[] actual) {
    equal(tensor, longs(tensor), actual);
  }

  void equal(String item, long[] expected, long[] actual) {
    if (differ(item, expected.length, actual.length)) {
      return;
    }
    int unequal = 0;
    String note = "";
    for (int i = 0; i < expected.length; i++) {
      if (expected[i] != actual[i]) {
        note =
            unequal == 0
                ? "number " + i + ": expected " + expected[i] + ", got " + actual[i]
                : note;
        unequal++;
      }
    }
    results.accept(new CaseResult(check, label, item, unequal, 0, unequal == 0, note));
  }

  /** Compares one number. */
  void value(String item, double expected, double actual, double tolerance) {
    double difference = Math.abs(expected - actual);
    boolean passed = difference <= tolerance;
    String note = passed ? "" : "expected " + expected + ", got " + actual;
    results.accept(new CaseResult(check, label, item, difference, tolerance, passed, note));
  }

  /** Compares a text. */
  void text(String item, String expected, String actual) {
    boolean passed = expected.equals(actual);
    String note = passed ? "" : "expected '" + expected + "', got '" + actual + "'";
    results.accept(new CaseResult(check, label, item, passed ? 0 : 1, 0, passed, note));
  }

  private boolean differ(String item, int expected, int actual) {
    if (expected != actual) {
      results.accept(
          CaseResult.failed(
              check, label, item, "expected " + expected + " numbers, got " + actual));
    }
    return expected != actual;
  }
}
