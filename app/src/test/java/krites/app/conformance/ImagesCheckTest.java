package krites.app.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ImagesCheckTest {
  /** A picture of one colour, worked by hand: ((10 / 255) - 0.48145466) / 0.26862954 and so on. */
  private static final String LIST =
      """
      [{"file": "images/flat.png", "mode": "RGB", "width": 56, "height": 84, "lossless": true,
        "rgb_sha256": "DIGEST", "rgb_mean": [10, 20, 30],
        "cases": [{"min_pixels": 3136, "max_pixels": 12845056, "resized_height": 84, "resized_width": 56,
          "image_grid_thw": [1, 6, 4], "llm_image_tokens": 6, "pixel_values_shape": [24, 1176],
          "pixel_values_first6x3": [[-1.6463, -1.6463, -1.6463], [-1.6463, -1.6463, -1.6463]],
          "pixel_values_mean": -1.383946, "pixel_values_abs_mean": 1.383946,
          "resized_rgb_mean": [10, 20, 30], "resized_rgb_samples": [[0, 0, 10, 20, 30], [83, 55, 10, 20, 30]],
          "resized_rgb_sha256": "DIGEST", "resized_png": "images/flat.png"}],
        "easyr1_clamp_then_default": {"size_after_pixel_clamp": [418, 627], "resized_height": 616,
          "resized_width": 420, "image_grid_thw": [1, 44, 30], "llm_image_tokens": 330,
          "pixel_values_mean": -1.383946}}]
      """;

  private static final String DIGEST =
      "78212703ec6a17294767993a5347680e58c38b4b47e5f425e86c934b30601723";

  @TempDir Path directory;

  private List<CaseResult> run(String list) throws IOException {
    Path folder = Files.createDirectories(directory.resolve("images"));
    BufferedImage flat = new BufferedImage(56, 84, BufferedImage.TYPE_3BYTE_BGR);
    for (int i = 0; i < 56 * 84; i++) {
      flat.setRGB(i % 56, i / 56, 0x0A141E);
    }
    ImageIO.write(flat, "png", folder.resolve("flat.png").toFile());
    Files.writeString(folder.resolve("expected.json"), list.replace("DIGEST", DIGEST));
    List<CaseResult> results = new ArrayList<>();
    new ImagesCheck().run(directory, results::add);
    return results;
  }

  @Test
  void everyKeyOfAnEntryIsCompared() throws IOException {
    List<CaseResult> results = run(LIST);
    assertEquals(List.of(), results.stream().filter(result -> !result.passed()).toList());
    assertEquals(23, results.size());
    assertTrue(new ImagesCheck().appliesTo(directory));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "mode": "RGB"               | "mode": "P"                 | mode
          "width": 56                 | "width": 57                 | width
          "rgb_mean": [10             | "rgb_mean": [10.001         | rgb_mean
          "resized_height": 84        | "resized_height": 56        | resized_height
          [1, 6, 4]                   | [1, 4, 6]                   | image_grid_thw
          "llm_image_tokens": 6       | "llm_image_tokens": 24      | llm_image_tokens
          [24, 1176]                  | [24, 588]                   | pixel_values_shape
          [[-1.6463                   | [[-1.6465                   | pixel_values_first6x3
          "pixel_values_mean": -1.383 | "pixel_values_mean": -1.385 | pixel_values_mean
          [83, 55, 10                 | [83, 55, 11                 | resized_rgb_samples
          [418, 627]                  | [418, 628]                  | size_after_pixel_clamp
          "min_pixels": 3136          | "min_pixels": 9136          | resized_height
          """)
  void aWrongExpectationFails(String right, String wrong, String item) throws IOException {
    List<CaseResult> results = run(LIST.replace(right, wrong));
    assertTrue(
        results.stream().anyMatch(result -> !result.passed() && result.item().equals(item)),
        results.toString());
  }

  @Test
  void aPixelOffFailsWhereTheFileIsLosslessAndIsAllowedWhereItIsNot() throws IOException {
    String off = LIST.replace("[0, 0, 10", "[0, 0, 12");
    assertFalse(run(off).stream().allMatch(CaseResult::passed));
    String lossy = off.replace("\"lossless\": true", "\"lossless\": false");
    assertTrue(run(lossy).stream().allMatch(CaseResult::passed), run(lossy).toString());
    assertFalse(run(lossy.replace("[0, 0, 12", "[0, 0, 13")).stream().allMatch(CaseResult::passed));
  }

  @Test
  void aMissingFileOrABrokenListIsAFailedResult() throws IOException {
    List<CaseResult> missing =
        run(LIST.replace("images/flat.png\", \"mode", "images/no.png\", \"mode"));
    assertEquals(1, missing.size());
    assertTrue(missing.getFirst().note().contains("no.png"), missing.toString());
    assertTrue(run("[{]").getFirst().note().contains("is not JSON"));
    assertTrue(run("{}").getFirst().note().contains("is not a list"));
  }
}
