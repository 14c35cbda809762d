package krites.data.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import krites.data.parquet.ParquetWriter;

/** Takes rows of Krites' own format into a file; only closing makes the file whole. */
public interface RowSink extends AutoCloseable {
  /** Adds a row. */
  void add(ObjectNode row) throws IOException;

  @Override
  void close() throws IOException;

  /** Krites' columns in Parquet; tags are an object as JSON text. */
  String PARQUET_SCHEMA =
      """
      message krites {
        required binary id (STRING);
        required group images (LIST) {
          repeated group list {
            optional group element {
              optional binary bytes;
              optional binary path (STRING);
            }
          }
        }
        optional binary question (STRING);
        optional binary prompt (STRING);
        optional binary response (STRING);
        optional binary response_1 (STRING);
        optional binary response_2 (STRING);
        optional binary preference (STRING);
        optional binary answer (STRING);
        optional binary tags (STRING);
      }
      """;

  /** One JSON object a line. */
  static RowSink jsonLines(Path file) throws IOException {
    ObjectMapper json = new ObjectMapper();
    Writer out = Files.newBufferedWriter(file);
    return new RowSink() {
      @Override
      public void add(ObjectNode row) throws IOException {
        out.write(json.writeValueAsString(row));
        out.write('\n');
      }

      @Override
      public void close() throws IOException {
        out.close();
      }
    };
  }

  /** A Parquet file. */
  static RowSink parquet(Path file) throws IOException {
    ParquetWriter out = new ParquetWriter(file, PARQUET_SCHEMA);
    return new RowSink() {
      @Override
      public void add(ObjectNode row) throws IOException {
        JsonNode images = row.path("images");
        for (int i = 0; i < images.size(); i++) {
          if (images.get(i).isTextual()) {
            String path = images.get(i).textValue();
            row.withArray("images").insertObject(i).put("path", path);
            row.withArray("images").remove(i + 1);
          }
        }
        if (row.has("tags")) {
          row.put("tags", row.get("tags").toString());
        }
        out.add(row);
      }

      @Override
      public void close() throws IOException {
        out.close();
      }
    };
  }
}
