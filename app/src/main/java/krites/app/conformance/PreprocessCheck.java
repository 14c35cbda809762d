package krites.app.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Consumer;
import krites.model.image.DecodedImage;
import krites.model.image.EasyR1Resize;
import krites.model.image.ImageDecoder;
import krites.model.image.ImageException;
import krites.model.image.ImageProcessor;
import krites.model.image.ImageSize;
import krites.model.image.ProcessedImage;
import krites.model.image.RgbImage;
import krites.model.image.SmartResize;
import krites.model.safetensors.CheckpointException;
import krites.model.safetensors.SafetensorsFile;

/**
 * Image preprocessing: {@code preprocess/cases.json}, {@code smart_resize.jsonl} and {@code
 * easyr1_process_image.json}. Pixels and sizes must be equal; pixel values within 1e-5, their sums
 * within 1e-5 of the sum of absolute values, as the README of the golden data suggests.
 */
public final class PreprocessCheck implements ConformanceCheck {
  private static final double VALUE_TOLERANCE = 1e-5;
  private static final int EDGE_ROWS = 4;

  private static final ObjectMapper JSON = new ObjectMapper();

  /** The settings of all published Qwen2.5-VL models; each case has its own limits. */
  static final ImageProcessor PUBLISHED =
      new ImageProcessor(
          3136,
          12_845_056,
          14,
          2,
          2,
          List.of(0.48145466, 0.4578275, 0.40821073),
          List.of(0.26862954, 0.26130258, 0.27577711),
          1 / 255.0);

  @Override
  public String name() {
    return "preprocess";
  }

  @Override
  public boolean appliesTo(Path directory) {
    Path folder = directory.resolve(name());
    return Files.exists(folder.resolve("cases.json"))
        || Files.exists(folder.resolve("smart_resize.jsonl"))
        || Files.exists(folder.resolve("easyr1_process_image.json"));
  }

  @Override
  public void run(Path directory, Consumer<CaseResult> results) throws IOException {
    Path folder = directory.resolve(name());
    for (JsonNode golden : list(folder.resolve("cases.json"))) {
      guarded(golden.path("name").asText(), results, () -> processorCase(folder, golden, results));
    }
    for (JsonNode golden : list(folder.resolve("easyr1_process_image.json"))) {
      guarded(easyR1Name(golden), results, () -> easyR1Case(folder, golden, results));
    }
    smartResizeTable(folder.resolve("smart_resize.jsonl"), results);
  }

  private static Iterable<JsonNode> list(Path file) throws IOException {
    return Files.exists(file) ? JSON.readTree(file.toFile()) : List.<JsonNode>of();
  }

  /** One golden case. */
  private interface Case {
    void run() throws IOException;
  }

  private void guarded(String caseName, Consumer<CaseResult> results, Case body) {
    try {
      body.run();
    } catch (IOException | CheckpointException | ImageException | IllegalArgumentException e) {
      results.accept(CaseResult.failed(name(), caseName, "case", String.valueOf(e.getMessage())));
    }
  }

  private void processorCase(Path folder, JsonNode golden, Consumer<CaseResult> results)
      throws IOException {
    String caseName = golden.path("name").asText();
    ImageProcessor processor =
        PUBLISHED.withPixelLimits(
            golden.path("min_pixels").asLong(), golden.path("max_pixels").asLong());
    RgbImage image = decode(folder, golden).toRgb();
    ProcessedImage processed = processor.process(image);
    try (SafetensorsFile tensors =
        SafetensorsFile.open(folder.resolve(golden.path("file").asText()))) {
      compareBytes(caseName, "rgb", tensors, image, results);
      compareBytes(caseName, "resized_rgb", tensors, processed.resized(), results);
      long[] grid = {processed.grid().t(), processed.grid().h(), processed.grid().w()};
      results.accept(equal(caseName, "image_grid_thw", tensors.longs("image_grid_thw"), grid));
      if (tensors.find("pixel_values").isPresent()) {
        results.accept(
            values(
                caseName, "pixel_values", tensors.floats("pixel_values"), processed.pixelValues()));
      }
      if (tensors.find("pixel_values_first_last_8").isPresent()) {
        float[] edges = firstAndLastRows(processed.pixelValues(), processor.patchValues());
        results.accept(
            values(
                caseName,
                "pixel_values_first_last_8",
                tensors.floats("pixel_values_first_last_8"),
                edges));
      }
    }
    compareStatistics(
        caseName, golden.path("pixel_values_stats"), processed.pixelValues(), results);
  }

  private void easyR1Case(Path folder, JsonNode golden, Consumer<CaseResult> results)
      throws IOException {
    RgbImage image =
        EasyR1Resize.apply(
            decode(folder, golden), limit(golden, "min_pixels"), limit(golden, "max_pixels"));
    try (SafetensorsFile tensors =
        SafetensorsFile.open(folder.resolve(golden.path("file").asText()))) {
      compareBytes(easyR1Name(golden), "rgb", tensors, image, results);
    }
  }

  private static String easyR1Name(JsonNode golden) {
    return "easyr1/" + golden.path("name").asText();
  }

  private static OptionalLong limit(JsonNode golden, String key) {
    JsonNode value = golden.path(key);
    return value.isIntegralNumber() ? OptionalLong.of(value.longValue()) : OptionalLong.empty();
  }

  private static DecodedImage decode(Path folder, JsonNode golden) throws IOException {
    String file = golden.path("image").asText();
    return ImageDecoder.decodeInOwnMode(Files.readAllBytes(folder.resolve(file)), file);
  }

  private void smartResizeTable(Path file, Consumer<CaseResult> results) throws IOException {
    if (!Files.exists(file)) {
      return;
    }
    int line = 0;
    for (String text : Files.readAllLines(file)) {
      line++;
      if (!text.isBlank()) {
        String seen;
        String expected;
        try {
          JsonNode golden = JSON.readTree(text);
          expected =
              golden.path("result_5_0").isNull() ? "refused" : golden.path("result_5_0").toString();
          seen = smartResize(golden);
        } catch (IOException e) {
          expected = "a JSON object";
          seen = "line " + line + " is none";
        }
        boolean same = expected.equals(seen);
        String note = same ? "" : "expected " + expected + ", seen " + seen;
        results.accept(
            new CaseResult(name(), "smart_resize", "line " + line, same ? 0 : 1, 0, same, note));
      }
    }
  }

  private static String smartResize(JsonNode golden) {
    try {
      ImageSize size =
          SmartResize.resize(
              golden.path("height").asInt(),
              golden.path("width").asInt(),
              golden.path("factor").asInt(),
              golden.path("min_pixels").asLong(),
              golden.path("max_pixels").asLong());
      return "[" + size.height() + "," + size.width() + "]";
    } catch (ImageException e) {
      return "refused";
    }
  }

  private void compareBytes(
      String caseName,
      String item,
      SafetensorsFile tensors,
      RgbImage seen,
      Consumer<CaseResult> results) {
    long[] shape = {seen.height(), seen.width(), 3};
    results.accept(equal(caseName, item + ".shape", tensors.entry(item).shape(), shape));
    long[] bytes = new long[seen.rgb().length];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = seen.rgb()[i] & 0xFF;
    }
    results.accept(equal(caseName, item, tensors.longs(item), bytes));
  }

  private CaseResult equal(String caseName, String item, long[] expected, long[] seen) {
    if (expected.length != seen.length) {
      return lengths(caseName, item, expected.length, seen.length);
    }
    int unequal = 0;
    for (int i = 0; i < expected.length; i++) {
      unequal += expected[i] == seen[i] ? 0 : 1;
    }
    return CaseResult.of(name(), caseName, item, unequal, 0);
  }

  private CaseResult values(String caseName, String item, float[] expected, float[] seen) {
    if (expected.length != seen.length) {
      return lengths(caseName, item, expected.length, seen.length);
    }
    double largest = 0;
    for (int i = 0; i < expected.length; i++) {
      largest = Math.max(largest, Math.abs((double) expected[i] - seen[i])); // a NaN stays
    }
    return CaseResult.of(name(), caseName, item, largest, VALUE_TOLERANCE);
  }

  private CaseResult lengths(String caseName, String item, int expected, int seen) {
    return CaseResult.failed(
        name(), caseName, item, "expected " + expected + " values, seen " + seen);
  }

  private static float[] firstAndLastRows(float[] values, int rowValues) {
    int part = EDGE_ROWS * rowValues;
    float[] edges = new float[2 * part];
    System.arraycopy(values, 0, edges, 0, part);
    System.arraycopy(values, values.length - part, edges, part, part);
    return edges;
  }

  private void compareStatistics(
      String caseName, JsonNode golden, float[] values, Consumer<CaseResult> results) {
    double sum = 0;
    double absoluteSum = 0;
    double min = Double.POSITIVE_INFINITY;
    double max = Double.NEGATIVE_INFINITY;
    for (float value : values) {
      sum += value;
      absoluteSum += Math.abs(value);
      min = Math.min(min, value);
      max = Math.max(max, value);
    }
    double sumTolerance = VALUE_TOLERANCE * Math.max(1, absoluteSum);
    statistic(caseName, golden, "sum", sum, sumTolerance, results);
    statistic(caseName, golden, "abs_sum", absoluteSum, sumTolerance, results);
    statistic(caseName, golden, "min", min, VALUE_TOLERANCE, results);
    statistic(caseName, golden, "max", max, VALUE_TOLERANCE, results);
  }

  private void statistic(
      String caseName,
      JsonNode golden,
      String key,
      double seen,
      double tolerance,
      Consumer<CaseResult> results) {
    if (golden.path(key).isNumber()) {
      double difference = Math.abs(golden.path(key).doubleValue() - seen);
      results.accept(
          CaseResult.of(name(), caseName, "pixel_values_stats." + key, difference, tolerance));
    }
  }
}
