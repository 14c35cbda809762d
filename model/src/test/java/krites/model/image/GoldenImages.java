package krites.model.image;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import krites.model.safetensors.SafetensorsFile;

/** The golden image cases among the test resources. */
final class GoldenImages {
  private GoldenImages() {}

  /** The cases of a list whose file is here. */
  static List<JsonNode> cases(String listFile) throws IOException {
    List<JsonNode> cases = new ArrayList<>();
    for (JsonNode golden : new ObjectMapper().readTree(file(listFile).toFile())) {
      if (Files.exists(file(golden.get("file").asText()))) {
        cases.add(golden);
      }
    }
    return cases;
  }

  static DecodedImage image(JsonNode golden) throws IOException {
    String name = golden.get("image").asText();
    return ImageDecoder.decodeInOwnMode(Files.readAllBytes(file(name)), name);
  }

  static SafetensorsFile tensors(JsonNode golden) {
    return SafetensorsFile.open(file(golden.get("file").asText()));
  }

  static RgbImage rgb(SafetensorsFile tensors, String name) {
    long[] shape = tensors.entry(name).shape();
    byte[] bytes = tensors.bytes(name).toArray(ValueLayout.JAVA_BYTE);
    return new RgbImage((int) shape[1], (int) shape[0], bytes);
  }

  static Path file(String name) {
    try {
      Path folder =
          Path.of(GoldenImages.class.getResource("/golden/preprocess/cases.json").toURI())
              .getParent();
      return folder.resolve(name);
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }
}
