package krites.grpo.objective;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * Reads the golden files of this package: outputs of EasyR1, verl and LLaVA-Critic-R1 on random
 * inputs.
 */
final class GoldenFile {
  static final double TOLERANCE = 1e-5;

  private GoldenFile() {}

  static Stream<JsonNode> cases(String name) {
    try (InputStream file = GoldenFile.class.getResourceAsStream("golden/" + name + ".json")) {
      JsonNode cases = new ObjectMapper().readTree(file).get("cases");
      assertTrue(cases.size() > 0, name + " has no case");
      return StreamSupport.stream(cases.spliterator(), false);
    } catch (IOException e) {
      throw new UncheckedIOException(name, e);
    }
  }

  static double[][] table(JsonNode node) {
    List<double[]> rows = new ArrayList<>();
    node.forEach(row -> rows.add(numbers(row)));
    return rows.toArray(double[][]::new);
  }

  static double[] numbers(JsonNode node) {
    if (node.isNumber()) {
      return new double[] {node.doubleValue()};
    }
    List<double[]> parts = new ArrayList<>();
    node.forEach(child -> parts.add(numbers(child)));
    return parts.stream().flatMapToDouble(Arrays::stream).toArray();
  }

  static int[][] integers(JsonNode node) {
    return Arrays.stream(table(node))
        .map(row -> Arrays.stream(row).mapToInt(value -> (int) value).toArray())
        .toArray(int[][]::new);
  }

  static TokenMask mask(JsonNode node) {
    return TokenMask.of(integers(node));
  }

  static void assertClose(JsonNode golden, double[][] actual, String what) {
    assertClose(golden, Arrays.stream(actual).flatMapToDouble(Arrays::stream).toArray(), what);
  }

  static void assertClose(JsonNode golden, double[] actual, String what) {
    double[] expected = numbers(golden);
    assertEquals(expected.length, actual.length, what + ": how many numbers");
    for (int k = 0; k < expected.length; k++) {
      double tolerance = TOLERANCE * Math.max(1, Math.abs(expected[k]));
      assertEquals(expected[k], actual[k], tolerance, what + ": number " + k);
    }
  }

  static void assertClose(JsonNode golden, double actual, String what) {
    assertClose(golden, new double[] {actual}, what);
  }
}
