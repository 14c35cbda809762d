package krites.model.safetensors;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What {@code model.safetensors.index.json} says.
 *
 * @param path the file
 * @param shardOfTensor the shard, a plain file name, of each tensor, in the order of the file
 */
public record SafetensorsIndex(Path path, Map<String, String> shardOfTensor) {

  public SafetensorsIndex {
    shardOfTensor = Collections.unmodifiableMap(new LinkedHashMap<>(shardOfTensor));
  }

  /**
   * Reads an index.
   *
   * @throws CheckpointException if it is unreadable or not an index
   */
  public static SafetensorsIndex read(Path index) {
    JsonNode map;
    try {
      map = HeaderReader.STRICT_JSON.readTree(Files.readAllBytes(index)).path("weight_map");
    } catch (JsonProcessingException e) {
      throw CheckpointException.mismatch(index, "file", "valid JSON", e.getOriginalMessage());
    } catch (IOException e) {
      throw new CheckpointException(index + ": cannot be read: " + e.getMessage(), e);
    }
    if (!map.isObject() || map.isEmpty()) {
      throw CheckpointException.mismatch(
          index, "weight_map", "an object of tensor name to file", "none");
    }
    Map<String, String> shardOfTensor = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> field : map.properties()) {
      shardOfTensor.put(field.getKey(), shardName(index, field.getKey(), field.getValue()));
    }
    return new SafetensorsIndex(index, shardOfTensor);
  }

  private static String shardName(Path index, String tensor, JsonNode value) {
    String shard = value.asText();
    boolean plainName =
        value.isTextual() && !shard.isEmpty() && !shard.contains("/") && !shard.contains("\\");
    if (!plainName || shard.equals(".") || shard.equals("..") || !isPath(shard)) {
      throw CheckpointException.mismatch(
          index,
          "weight_map." + tensor,
          "the name of a file in the same directory",
          value.toString());
    }
    return shard;
  }

  /** Names with characters that no file name has are bad input, not a broken promise. */
  private static boolean isPath(String name) {
    try {
      return !Path.of(name).toString().isEmpty();
    } catch (InvalidPathException e) {
      return false;
    }
  }
}
