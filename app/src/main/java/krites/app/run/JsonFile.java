package krites.app.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Files that hold one JSON object and are replaced as a whole. */
public final class JsonFile {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private JsonFile() {}

  /**
   * The object; empty if there is no file.
   *
   * @throws RunFileException if it cannot be read or holds something else
   */
  public static Map<String, Object> read(Path file) {
    if (!Files.exists(file)) {
      return Map.of();
    }
    try {
      return JSON.readValue(
          Files.readString(file), new TypeReference<LinkedHashMap<String, Object>>() {});
    } catch (IOException e) {
      throw new RunFileException("read", file, e);
    }
  }

  /** Replaces the file; whoever reads it finds the old one or the new one. */
  public static void write(Path file, Map<String, ?> object) {
    try {
      DurableFiles.write(file, JSON.writeValueAsString(object) + "\n");
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(file + " cannot be written as JSON", e);
    }
  }
}
