package krites.app.conformance;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/** Reads numbers and tables out of golden JSON; a missing key is an error that names it. */
final class GoldenJson {
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).build();

  private GoldenJson() {}

  /**
   * The list {@code cases} of a golden file.
   *
   * @param caseName what a failed result calls the file
   * @param item what a failed result calls the reading of it
   * @return the list; an empty node, reported as a failed result, if the file holds none
   * @throws IOException if the file cannot be read
   */
  static JsonNode cases(
      ConformanceCheck check, String caseName, String item, Path file, Consumer<CaseResult> results)
      throws IOException {
    JsonNode cases;
    try {
      cases = JSON.readTree(Files.readAllBytes(file)).path("cases");
    } catch (JsonProcessingException broken) {
      String note = file + " is not JSON: " + broken.getOriginalMessage();
      results.accept(CaseResult.failed(check.name(), caseName, item, note));
      return MissingNode.getInstance();
    }
    if (!cases.isArray() || cases.isEmpty()) {
      String note = file + " has no list 'cases' with at least one entry";
      results.accept(CaseResult.failed(check.name(), caseName, item, note));
      return MissingNode.getInstance();
    }
    return cases;
  }

  /** The value of a key that must be there. */
  static JsonNode need(JsonNode node, String key) {
    JsonNode value = node.get(key);
    if (value == null || value.isNull()) {
      throw new IllegalArgumentException("the case has no '" + key + "'");
    }
    return value;
  }

  /** A number that must be there. */
  static double number(JsonNode node, String key) {
    return number(need(node, key));
  }

  /** A number that may be missing. */
  static double number(JsonNode node, String key, double absent) {
    JsonNode value = node.get(key);
    return value == null || value.isNull() ? absent : number(value);
  }

  /** A text that must be there. */
  static String text(JsonNode node, String key) {
    return need(node, key).asText();
  }

  /** Refuses keys other than the given ones, so that no parameter is overlooked. */
  static void onlyKeys(JsonNode node, String what, List<String> known) {
    node.fieldNames()
        .forEachRemaining(
            key -> {
              if (!known.contains(key)) {
                throw new IllegalArgumentException(
                    "unknown " + what + " '" + key + "', known are " + known);
              }
            });
  }

  /** All numbers of a nested list, or the single number, in order. */
  static double[] numbers(JsonNode node) {
    if (!node.isArray()) {
      return new double[] {number(node)};
    }
    List<double[]> parts = new ArrayList<>();
    node.forEach(child -> parts.add(numbers(child)));
    return flatten(parts.toArray(double[][]::new));
  }

  /** The innermost lists of a nested list, in order: the leading axes are joined. */
  static double[][] vectors(JsonNode node) {
    List<double[]> vectors = new ArrayList<>();
    collectVectors(node, vectors);
    return vectors.toArray(double[][]::new);
  }

  /** The table at a key. */
  static double[][] table(JsonNode node, String key) {
    return vectors(need(node, key));
  }

  /** A table of whole numbers. */
  static int[][] integers(JsonNode node, String key) {
    return Arrays.stream(table(node, key)).map(GoldenJson::integers).toArray(int[][]::new);
  }

  static int[] integers(double[] values) {
    return Arrays.stream(values).mapToInt(value -> (int) value).toArray();
  }

  static double[] doubles(int[] values) {
    return Arrays.stream(values).asDoubleStream().toArray();
  }

  static float[] floats(double[] values) {
    float[] floats = new float[values.length];
    for (int k = 0; k < values.length; k++) {
      floats[k] = (float) values[k];
    }
    return floats;
  }

  static double[] doubles(float[] values) {
    double[] doubles = new double[values.length];
    for (int k = 0; k < values.length; k++) {
      doubles[k] = values[k];
    }
    return doubles;
  }

  /** Row after row. */
  static double[] flatten(double[][] table) {
    return Arrays.stream(table).flatMapToDouble(Arrays::stream).toArray();
  }

  private static void collectVectors(JsonNode node, List<double[]> vectors) {
    boolean innermost = node.isEmpty() || !node.get(0).isArray();
    if (innermost) {
      vectors.add(numbers(node));
    } else {
      node.forEach(child -> collectVectors(child, vectors));
    }
  }

  private static double number(JsonNode value) {
    if (value.isNumber()) {
      return value.doubleValue();
    }
    if (value.isTextual()) {
      return switch (value.textValue()) {
        case "Infinity", "inf" -> Double.POSITIVE_INFINITY;
        case "-Infinity", "-inf" -> Double.NEGATIVE_INFINITY;
        case "NaN", "nan" -> Double.NaN;
        default ->
            throw new IllegalArgumentException("'" + value.textValue() + "' is not a number");
      };
    }
    throw new IllegalArgumentException("expected a number, found " + value);
  }
}
