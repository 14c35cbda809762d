package krites.model.safetensors;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads the JSON header of a safetensors file and refuses every header that does not describe the
 * file exactly: known types, byte ranges that fit the shapes, and a data section covered without
 * gap or overlap.
 *
 * <p>Source: the format description of the safetensors project (header, {@code data_offsets},
 * {@code __metadata__}).
 */
final class HeaderReader {
  /** The bound of the reference implementation: a longer header is an attack or not this format. */
  static final long MAX_HEADER_BYTES = 100_000_000;

  static final JsonMapper STRICT_JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private static final String METADATA = "__metadata__";

  private final Path file;
  private final long dataBytes;

  HeaderReader(Path file, long dataBytes) {
    this.file = file;
    this.dataBytes = dataBytes;
  }

  /** What a header says: the tensors by ascending offset, and the free text pairs. */
  record Header(Map<String, TensorEntry> tensors, Map<String, String> metadata) {}

  Header read(byte[] json) {
    JsonNode root = parse(json);
    if (!root.isObject()) {
      throw CheckpointException.mismatch(file, "header", "a JSON object", "something else");
    }
    Map<String, String> metadata = new LinkedHashMap<>();
    List<TensorEntry> entries = new ArrayList<>();
    for (Map.Entry<String, JsonNode> field : root.properties()) {
      if (field.getKey().equals(METADATA)) {
        metadata.putAll(metadata(field.getValue()));
      } else {
        entries.add(entry(field.getKey(), field.getValue()));
      }
    }
    entries.sort(
        Comparator.comparingLong(TensorEntry::offset).thenComparingLong(TensorEntry::byteSize));
    requireCovered(entries);
    Map<String, TensorEntry> tensors = new LinkedHashMap<>();
    entries.forEach(entry -> tensors.put(entry.name(), entry));
    return new Header(tensors, metadata);
  }

  private JsonNode parse(byte[] json) {
    try {
      return STRICT_JSON.readTree(json);
    } catch (JsonProcessingException e) {
      throw CheckpointException.mismatch(
          file, "header", "valid JSON without repeated names", e.getOriginalMessage());
    } catch (IOException e) {
      throw CheckpointException.mismatch(
          file, "header", "valid JSON", String.valueOf(e.getMessage()));
    }
  }

  private Map<String, String> metadata(JsonNode node) {
    if (!node.isObject()) {
      throw CheckpointException.mismatch(
          file, METADATA, "a JSON object of strings", node.getNodeType().name());
    }
    Map<String, String> metadata = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> field : node.properties()) {
      if (!field.getValue().isTextual()) {
        throw CheckpointException.mismatch(
            file,
            METADATA + "." + field.getKey(),
            "a string",
            field.getValue().getNodeType().name());
      }
      metadata.put(field.getKey(), field.getValue().textValue());
    }
    return metadata;
  }

  private TensorEntry entry(String name, JsonNode node) {
    String typeName = node.path("dtype").asText("nothing");
    DType dtype =
        DType.named(typeName)
            .orElseThrow(
                () ->
                    CheckpointException.mismatch(
                        file,
                        "tensor " + name,
                        "dtype one of " + Arrays.toString(DType.values()),
                        typeName));
    long[] shape = wholeNumbers(name, "shape", node.path("shape"));
    long[] range = wholeNumbers(name, "data_offsets", node.path("data_offsets"));
    if (range.length != 2 || range[0] > range[1]) {
      throw CheckpointException.mismatch(
          file, "tensor " + name, "data_offsets [begin, end]", Arrays.toString(range));
    }
    long expectedBytes = byteSize(name, dtype, shape);
    if (range[1] - range[0] != expectedBytes) {
      throw CheckpointException.mismatch(
          file,
          "tensor " + name,
          expectedBytes + " bytes for " + dtype + Arrays.toString(shape),
          range[1] - range[0] + " bytes in data_offsets " + Arrays.toString(range));
    }
    if (range[1] > dataBytes) {
      throw CheckpointException.mismatch(
          file,
          "tensor " + name,
          "data up to byte " + range[1] + " of the data section",
          dataBytes + " bytes there (file truncated?)",
          "copy the file again");
    }
    return new TensorEntry(name, dtype, shape, range[0], expectedBytes);
  }

  private long[] wholeNumbers(String name, String key, JsonNode node) {
    if (!node.isArray()) {
      throw CheckpointException.mismatch(
          file, "tensor " + name, key + " as a list of whole numbers", node.toString());
    }
    long[] values = new long[node.size()];
    for (int i = 0; i < values.length; i++) {
      JsonNode value = node.get(i);
      if (!value.isIntegralNumber() || !value.canConvertToLong() || value.longValue() < 0) {
        throw CheckpointException.mismatch(
            file, "tensor " + name, key + " as whole numbers from 0 up", value.toString());
      }
      values[i] = value.longValue();
    }
    return values;
  }

  private long byteSize(String name, DType dtype, long[] shape) {
    try {
      return TensorSizes.byteSize(dtype, shape);
    } catch (ArithmeticException e) {
      throw CheckpointException.mismatch(
          file, "tensor " + name, "a size below 2^63 bytes", dtype + Arrays.toString(shape));
    }
  }

  private void requireCovered(List<TensorEntry> entries) {
    long end = 0;
    for (TensorEntry entry : entries) {
      if (entry.offset() != end) {
        String seen =
            (entry.offset() < end ? "an overlap" : "a gap")
                + ": it starts at byte "
                + entry.offset();
        throw CheckpointException.mismatch(
            file, "tensor " + entry.name(), "data from byte " + end + " on", seen);
      }
      end += entry.byteSize();
    }
    if (end != dataBytes) {
      throw CheckpointException.mismatch(
          file, "data section", end + " bytes, the end of the last tensor", dataBytes + " bytes");
    }
  }
}
