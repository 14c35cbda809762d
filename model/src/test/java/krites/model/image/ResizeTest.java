package krites.model.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import krites.model.safetensors.SafetensorsFile;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class ResizeTest {

  @Test
  void smartResizeAgreesWithEveryRowOfThePublishedTable() throws IOException {
    List<String> lines = Files.readAllLines(GoldenImages.file("smart_resize.jsonl"));
    assertEquals(235, lines.size());
    for (String line : lines) {
      JsonNode row = new ObjectMapper().readTree(line);
      if (row.get("result_5_0").isNull()) {
        assertThrows(ImageException.class, () -> smartResize(row), line);
      } else {
        ImageSize expected =
            new ImageSize(row.at("/result_5_0/0").asInt(), row.at("/result_5_0/1").asInt());
        assertEquals(expected, smartResize(row), line);
      }
    }
  }

  private static ImageSize smartResize(JsonNode row) {
    return SmartResize.resize(
        row.get("height").asInt(),
        row.get("width").asInt(),
        row.get("factor").asInt(),
        row.get("min_pixels").asLong(),
        row.get("max_pixels").asLong());
  }

  @TestFactory
  List<DynamicTest> theTrainersResizeEqualsEasyR1InEveryMode() throws IOException {
    List<JsonNode> cases = GoldenImages.cases("easyr1_process_image.json");
    assertEquals(5, cases.size());
    return cases.stream()
        .map(golden -> DynamicTest.dynamicTest(golden.get("name").asText(), () -> compare(golden)))
        .toList();
  }

  private static void compare(JsonNode golden) throws IOException {
    RgbImage resized =
        EasyR1Resize.apply(
            GoldenImages.image(golden),
            OptionalLong.of(golden.get("min_pixels").asLong()),
            OptionalLong.of(golden.get("max_pixels").asLong()));
    try (SafetensorsFile tensors = GoldenImages.tensors(golden)) {
      assertEquals(GoldenImages.rgb(tensors, "rgb"), resized);
    }
  }

  @Test
  void anImageThatWouldLoseASideIsRefused() {
    DecodedImage line =
        new DecodedImage(PixelMode.L, 1000, 1, new byte[1000], DecodedImage.NO_PALETTE);
    assertThrows(
        ImageException.class,
        () -> EasyR1Resize.apply(line, OptionalLong.empty(), OptionalLong.of(100)));
  }

  @Test
  void aConstantColourStaysConstant() {
    for (int value : new int[] {0, 1, 77, 254, 255}) {
      byte[] grey = new byte[7 * 5 * 2];
      Arrays.fill(grey, (byte) value);
      DecodedImage image = new DecodedImage(PixelMode.LA, 7, 5, grey, DecodedImage.NO_PALETTE);
      byte[] expected = new byte[13 * 3 * 3];
      Arrays.fill(expected, (byte) value);
      DecodedImage opaque = withAlpha(image, 255);
      assertArrayEquals(expected, PillowResize.resize(opaque, new ImageSize(3, 13)).toRgb().rgb());
    }
  }

  private static DecodedImage withAlpha(DecodedImage image, int alpha) {
    byte[] samples = image.samples().clone();
    for (int i = 1; i < samples.length; i += 2) {
      samples[i] = (byte) alpha;
    }
    return new DecodedImage(image.mode(), image.width(), image.height(), samples, image.palette());
  }
}
