package krites.model.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import krites.model.safetensors.CheckpointException;
import krites.model.safetensors.SafetensorsFile;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

class ImageProcessorTest {
  private static final String PUBLISHED =
      """
      {"min_pixels": 3136, "max_pixels": 12845056, "patch_size": 14, "temporal_patch_size": 2, "merge_size": 2,
       "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711]}""";

  @TempDir Path directory;

  @TestFactory
  List<DynamicTest> pixelValuesEqualThoseOfThePublishedProcessor() throws IOException {
    List<JsonNode> cases = GoldenImages.cases("cases.json");
    assertEquals(6, cases.size());
    return cases.stream()
        .map(golden -> DynamicTest.dynamicTest(golden.get("name").asText(), () -> compare(golden)))
        .toList();
  }

  private void compare(JsonNode golden) throws IOException {
    ImageProcessor processor =
        processor(PUBLISHED)
            .withPixelLimits(golden.get("min_pixels").asLong(), golden.get("max_pixels").asLong());
    RgbImage image = GoldenImages.image(golden).toRgb();
    ProcessedImage processed = processor.process(image);
    assertEquals(processed.grid(), processor.gridOf(image.height(), image.width()));
    try (SafetensorsFile tensors = GoldenImages.tensors(golden)) {
      assertEquals(GoldenImages.rgb(tensors, "rgb"), image);
      assertEquals(GoldenImages.rgb(tensors, "resized_rgb"), processed.resized());
      long[] grid = tensors.longs("image_grid_thw");
      assertEquals(new PatchGrid((int) grid[0], (int) grid[1], (int) grid[2]), processed.grid());
      float[] values = processed.pixelValues();
      if (tensors.find("pixel_values").isPresent()) {
        assertArrayEquals(tensors.floats("pixel_values"), values);
      } else {
        float[] edges = tensors.floats("pixel_values_first_last_8");
        for (int i = 0; i < edges.length; i++) {
          int at = i < edges.length / 2 ? i : values.length - edges.length + i;
          assertEquals(edges[i], values[at], "value " + i);
        }
      }
      double sum = 0;
      for (float value : values) {
        sum += value;
      }
      assertEquals(golden.at("/pixel_values_stats/sum").asDouble(), sum, 1e-6);
    }
  }

  @Test
  void aGridCountsItsTokens() {
    assertEquals(391, new PatchGrid(1, 34, 46).mergedTokens(2));
    assertThrows(IllegalArgumentException.class, () -> new PatchGrid(1, 3, 4).mergedTokens(2));
  }

  @Test
  void absentSettingsHaveTheDefaultsOfTheSourceAndLimitsMayStandInSize() throws IOException {
    ImageProcessor processor =
        processor("{\"size\": {\"shortest_edge\": 784, \"longest_edge\": 50176}}");
    assertEquals(784, processor.minPixels());
    assertEquals(50176, processor.maxPixels());
    assertEquals(1176, processor.patchValues());
    assertEquals(processor(PUBLISHED).mean(), processor.mean());
  }

  @Test
  void settingsThatCannotBeFollowedAreRefusedByName() throws IOException {
    assertRefused("{\"do_normalize\": false}", "do_normalize");
    assertRefused("{\"resample\": 2}", "resample");
    assertRefused("{\"min_pixels\": \"many\"}", "min_pixels");
    assertRefused("{\"min_pixels\": 10, \"max_pixels\": 5}", "pixel limits 10 to 5");
    assertRefused("{\"image_mean\": [0.5]}", "mean [0.5]");
    assertRefused("{", "valid JSON");
    Files.delete(directory.resolve("preprocessor_config.json"));
    assertThrows(CheckpointException.class, () -> ImageProcessor.load(directory));
  }

  private void assertRefused(String config, String said) {
    CheckpointException e = assertThrows(CheckpointException.class, () -> processor(config));
    assertTrue(
        e.getMessage().contains("preprocessor_config.json") && e.getMessage().contains(said),
        e.getMessage());
  }

  private ImageProcessor processor(String config) throws IOException {
    Files.writeString(directory.resolve("preprocessor_config.json"), config);
    return ImageProcessor.load(directory);
  }
}
