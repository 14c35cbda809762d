package krites.data.table;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.function.Predicate;
import krites.data.parquet.ParquetFile;

/** A Parquet file. A position is the number of a row, from 0. */
final class ParquetTable implements Table {
  private final ParquetFile file;

  private ParquetTable(ParquetFile file) {
    this.file = file;
  }

  static ParquetTable open(Path file) throws IOException {
    return new ParquetTable(ParquetFile.open(file));
  }

  @Override
  public String unit() {
    return "row";
  }

  @Override
  public String container() {
    return "Parquet (" + file.codec() + ", " + file.rowGroups() + " row groups)";
  }

  @Override
  public long size() {
    return file.rows();
  }

  @Override
  public OptionalLong rows() {
    return OptionalLong.of(file.rows());
  }

  @Override
  public ObjectNode row(long position, Predicate<String> wanted) throws IOException {
    return file.row(position, wanted);
  }

  @Override
  public Scan scan() {
    ParquetFile.Rows rows = file.read();
    return new Scan() {
      @Override
      public boolean hasNext() {
        return rows.hasNext();
      }

      @Override
      public RowRead next() {
        long position = rows.position();
        try {
          return new RowRead.Row(position + 1, position, rows.next());
        } catch (IOException e) {
          return new RowRead.Unreadable(
              position + 1,
              String.valueOf(e.getMessage()),
              Math.max(1, rows.position() - position));
        }
      }

      @Override
      public long done() {
        return rows.position();
      }

      @Override
      public void close() {}
    };
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
