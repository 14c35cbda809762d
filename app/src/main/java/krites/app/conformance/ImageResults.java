package krites.app.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.function.Consumer;
import krites.model.image.ImageProcessor;
import krites.model.image.RgbImage;

/**
 * Compares what was seen of one image with the keys of its golden entry; a key that the entry does
 * not have is not compared.
 */
final class ImageResults {
  /** What one level of a pixel is worth after normalising: a 255th over the smallest deviation. */
  static final double VALUE_OF_A_LEVEL = 1 / 255.0 / 0.26130258;

  /** The float arithmetic of means and single values beside what rounding to digits hides. */
  private static final double FLOAT_NOISE = 1e-6;

  private final String check;
  private final String caseName;
  private final int levels;
  private final Consumer<CaseResult> results;

  /**
   * Compares for one case.
   *
   * @param levels that a pixel may be off
   */
  ImageResults(String check, String caseName, int levels, Consumer<CaseResult> results) {
    this.check = check;
    this.caseName = caseName;
    this.levels = levels;
    this.results = results;
  }

  void text(String key, JsonNode golden, String seen) {
    if (golden.hasNonNull(key)) {
      String expected = golden.path(key).asText();
      report(key, expected.equals(seen) ? 0 : 1, 0, expected, seen);
    }
  }

  /** Compares a whole number, or a list of them. */
  void equal(String key, JsonNode golden, long... seen) {
    if (!golden.hasNonNull(key)) {
      return;
    }
    double[] expected = GoldenJson.numbers(golden.path(key));
    int unequal = expected.length == seen.length ? 0 : 1;
    for (int i = 0; i < Math.min(expected.length, seen.length); i++) {
      unequal += expected[i] == seen[i] ? 0 : 1;
    }
    report(key, unequal, 0, golden.path(key).toString(), Arrays.toString(seen));
  }

  /** Compares a mean that is rounded to six digits. */
  void mean(String key, JsonNode golden, float[] values, double tolerance) {
    if (golden.hasNonNull(key)) {
      double sum = 0;
      for (float value : values) {
        sum += value;
      }
      double seen = sum / values.length;
      double expected = golden.path(key).doubleValue();
      double allowed = 5e-7 + FLOAT_NOISE + tolerance;
      report(key, Math.abs(expected - seen), allowed, "" + expected, "" + seen);
    }
  }

  static float[] absolute(float[] values) {
    float[] absolute = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      absolute[i] = Math.abs(values[i]);
    }
    return absolute;
  }

  /** Compares the mean of each channel, rounded to four digits. */
  void means(String key, JsonNode golden, RgbImage image, double tolerance) {
    if (!golden.hasNonNull(key)) {
      return;
    }
    double[] sums = new double[3];
    for (int i = 0; i < image.rgb().length; i++) {
      sums[i % 3] += image.rgb()[i] & 0xFF;
    }
    double[] expected = GoldenJson.numbers(golden.path(key));
    double largest = expected.length == sums.length ? 0 : Double.NaN;
    for (int c = 0; c < sums.length && c < expected.length; c++) {
      sums[c] /= image.rgb().length / 3.0;
      largest = Math.max(largest, Math.abs(sums[c] - expected[c]));
    }
    double allowed = 5e-5 + FLOAT_NOISE + tolerance;
    report(key, largest, allowed, golden.path(key).toString(), Arrays.toString(sums));
  }

  /** Compares the first values of the first rows, rounded to four digits. */
  void firstValues(String key, JsonNode golden, float[] values, ImageProcessor processor) {
    if (!golden.hasNonNull(key)) {
      return;
    }
    double[][] rows = GoldenJson.table(golden, key);
    double largest = 0;
    for (int row = 0; row < rows.length; row++) {
      for (int column = 0; column < rows[row].length; column++) {
        int at = row * processor.patchValues() + column;
        double seen = at < values.length ? values[at] : Double.NaN;
        largest = Math.max(largest, Math.abs(rows[row][column] - seen));
      }
    }
    double allowed = 5e-5 + FLOAT_NOISE + levels * VALUE_OF_A_LEVEL;
    report(key, largest, allowed, "the listed values", "others");
  }

  /** Compares single pixels, each listed as row, column, red, green and blue. */
  void samples(String key, JsonNode golden, RgbImage image) {
    if (!golden.hasNonNull(key)) {
      return;
    }
    double largest = 0;
    String where = "";
    for (int[] sample : GoldenJson.integers(golden, key)) {
      int at = 3 * (sample[0] * image.width() + sample[1]);
      boolean inside = sample.length == 5 && at >= 0 && at + 3 <= image.rgb().length;
      for (int c = 0; c < 3; c++) {
        double difference =
            inside ? Math.abs((image.rgb()[at + c] & 0xFF) - sample[2 + c]) : Double.NaN;
        if (!(difference <= largest)) {
          largest = difference;
          where = "pixel " + Arrays.toString(sample);
        }
      }
    }
    report(key, largest, levels, where, "off by " + largest);
  }

  void pixels(String item, RgbImage expected, RgbImage seen) {
    double largest = 0;
    boolean sameSize = expected.width() == seen.width() && expected.height() == seen.height();
    for (int i = 0; sameSize && i < expected.rgb().length; i++) {
      largest = Math.max(largest, Math.abs((expected.rgb()[i] & 0xFF) - (seen.rgb()[i] & 0xFF)));
    }
    report(item, sameSize ? largest : Double.NaN, levels, expected.toString(), seen.toString());
  }

  private void report(
      String item, double difference, double tolerance, String expected, String seen) {
    boolean passed = difference <= tolerance;
    String note = passed ? "" : "expected " + expected + ", seen " + seen;
    results.accept(new CaseResult(check, caseName, item, difference, tolerance, passed, note));
  }
}
