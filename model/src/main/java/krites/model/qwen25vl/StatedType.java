package krites.model.qwen25vl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;
import krites.model.safetensors.CheckpointException;
import krites.model.safetensors.DType;

/**
 * The element type of the weights as {@code config.json} states it: {@code torch_dtype}, or {@code
 * dtype} of newer writers.
 */
public final class StatedType {
  private static final Pattern STATEMENT =
      Pattern.compile("(\"(?:torch_dtype|dtype)\"\\s*:\\s*\")[A-Za-z0-9_.]+(\")");

  private StatedType() {}

  /**
   * What the file states; empty if it says nothing, or there is none.
   *
   * @throws CheckpointException if it cannot be read, or states a type that no weights have
   */
  public static Optional<DType> read(Path directory) {
    Path file = directory.resolve("config.json");
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try {
      JsonNode root = new ObjectMapper().readTree(Files.readString(file));
      for (JsonNode node : new JsonNode[] {root, root.path("text_config")}) {
        for (String key : new String[] {"torch_dtype", "dtype"}) {
          if (node.path(key).isTextual()) {
            return Optional.of(named(file, key, node.path(key).asText()));
          }
        }
      }
      return Optional.empty();
    } catch (IOException e) {
      throw new CheckpointException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private static DType named(Path file, String key, String text) {
    return switch (text.startsWith("torch.") ? text.substring("torch.".length()) : text) {
      case "bfloat16" -> DType.BF16;
      case "float16", "half" -> DType.F16;
      case "float32", "float" -> DType.F32;
      default ->
          throw CheckpointException.mismatch(
              file, key, "bfloat16, float16 or float32", '"' + text + '"');
    };
  }

  /** The text of a {@code config.json} with another type in the place of each that it states. */
  public static String restate(String config, DType dtype) {
    return STATEMENT.matcher(config).replaceAll("$1" + name(dtype) + "$2");
  }

  private static String name(DType dtype) {
    return switch (dtype) {
      case BF16 -> "bfloat16";
      case F16 -> "float16";
      case F32 -> "float32";
      case BOOL, U8, I8, F8_E5M2, F8_E4M3, I16, U16, I32, U32, F64, I64, U64 ->
          throw new IllegalArgumentException("no network has weights of " + dtype);
    };
  }
}
