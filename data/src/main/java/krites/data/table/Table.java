package krites.data.table;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.OptionalLong;
import java.util.function.Predicate;

/**
 * A file of rows. What is in memory does not grow with the file. Thread safe but for {@link Scan}.
 *
 * <p>Messages of exceptions say what is wrong and name no file, which the caller knows.
 */
public sealed interface Table extends AutoCloseable
    permits JsonLinesTable, JsonDocumentTable, ParquetTable {

  /** One pass over all rows. Its owner is one thread. */
  interface Scan extends AutoCloseable {
    /** Whether there is anything left to read. */
    boolean hasNext() throws IOException;

    /** The next row, or why there is none at this place. */
    RowRead next() throws IOException;

    /** Bytes or rows behind, of {@link Table#size}; for a progress bar. */
    long done();

    @Override
    void close() throws IOException;
  }

  /** What a row is called in messages: {@code line} or {@code row}. */
  String unit();

  /** The container in a word: {@code JSON Lines}, {@code JSON}, {@code Parquet}. */
  String container();

  /** What {@link Scan#done} goes up to. */
  long size();

  /** Rows of the file, where that is known without reading it. */
  OptionalLong rows();

  /** Begins a pass. */
  Scan scan() throws IOException;

  /**
   * One row.
   *
   * @param position of {@link RowRead.Row#position}
   * @param wanted the columns that are needed; others may be missing from the row
   * @throws IOException if it cannot be read
   */
  ObjectNode row(long position, Predicate<String> wanted) throws IOException;

  @Override
  void close() throws IOException;

  /**
   * Opens a file; what it is, its first bytes say.
   *
   * @throws IOException if it cannot be read or begins like none of them
   */
  static Table open(Path file) throws IOException {
    byte[] start;
    try (InputStream in = Files.newInputStream(file)) {
      start = in.readNBytes(1 << 12);
    }
    if (Arrays.equals(Arrays.copyOf(start, 4), "PAR1".getBytes(StandardCharsets.US_ASCII))) {
      return ParquetTable.open(file);
    }
    return isDocument(file, start) ? new JsonDocumentTable(file) : new JsonLinesTable(file);
  }

  /** A list is one document; so is an object that does not end with its line. */
  private static boolean isDocument(Path file, byte[] start) {
    String text = new String(start, StandardCharsets.UTF_8).stripLeading();
    boolean named = file.getFileName().toString().endsWith(".json");
    boolean list = text.startsWith("[");
    boolean open = text.startsWith("{") && text.indexOf('\n') > 0 && !text.contains("}");
    return named && (list || open || text.matches("(?s)\\{\\s*\"[^\"]*\"\\s*:\\s*\\{.*"));
  }
}
