package krites.model.image;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The small files of every kind among the test resources, and what Pillow makes of them. */
final class SampleImages {
  private SampleImages() {}

  /**
   * A file and what is expected of it.
   *
   * @param mode Pillow's name of it
   * @param width of the picture upright
   */
  record Sample(String file, String mode, int width, int height, String rgbSha256) {
    byte[] bytes() throws IOException {
      return Files.readAllBytes(folder().resolve(file));
    }
  }

  static List<Sample> all() throws IOException {
    List<Sample> samples = new ArrayList<>();
    for (String line : Files.readAllLines(folder().resolve("expected.jsonl"))) {
      JsonNode row = new ObjectMapper().readTree(line);
      samples.add(
          new Sample(
              row.get("file").asText(),
              row.get("mode").asText(),
              row.get("width").asInt(),
              row.get("height").asInt(),
              row.get("rgb_sha256").asText()));
    }
    return samples;
  }

  private static Path folder() {
    try {
      return Path.of(SampleImages.class.getResource("/images/expected.jsonl").toURI()).getParent();
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }
}
