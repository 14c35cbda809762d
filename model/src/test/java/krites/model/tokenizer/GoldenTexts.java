package krites.model.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The published tokenizer files and the golden texts; see the README beside them. */
final class GoldenTexts {
  static final Path ROOT = Path.of("src", "test", "resources", "text");

  /** The files of Qwen2.5-VL-7B-Instruct, with {@code vocab.json} and {@code merges.txt}. */
  static final Path QWEN = ROOT.resolve("qwen2.5-vl-7b-instruct");

  private static final ObjectMapper JSON = new ObjectMapper();

  private GoldenTexts() {}

  /** The rows of a file of JSON lines. */
  static List<JsonNode> rows(String folder, String file) throws IOException {
    try (Stream<String> lines = Files.lines(ROOT.resolve(folder).resolve(file))) {
      return lines.filter(line -> !line.isBlank()).map(GoldenTexts::parse).toList();
    }
  }

  private static JsonNode parse(String line) {
    try {
      return JSON.readTree(line);
    } catch (IOException e) {
      throw new IllegalArgumentException(line, e);
    }
  }

  static int[] ids(JsonNode list) {
    return JSON.convertValue(list, int[].class);
  }
}
