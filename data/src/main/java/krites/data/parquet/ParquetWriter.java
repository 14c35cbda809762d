package krites.data.parquet;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.ColumnWriteStore;
import org.apache.parquet.column.ParquetProperties;
import org.apache.parquet.format.ColumnChunk;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.RowGroup;
import org.apache.parquet.format.Util;
import org.apache.parquet.io.ColumnIOFactory;
import org.apache.parquet.io.api.RecordConsumer;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.MessageTypeParser;

/**
 * Writes JSON trees as rows of a Parquet file, packed with ZSTD, in pages of the first version,
 * which every reader knows. A row group is in memory at a time. Its owner is one thread.
 */
public final class ParquetWriter implements AutoCloseable {
  /** A row group of a few hundred pictures; more would only cost memory. */
  private static final long GROUP_BYTES = 32L << 20;

  private static final int FORMAT_VERSION = 1;

  private static final ParquetProperties PROPERTIES =
      ParquetProperties.builder()
          .withWriterVersion(ParquetProperties.WriterVersion.PARQUET_1_0)
          .withDictionaryEncoding(false) // pictures hardly repeat, and ZSTD finds texts that do
          .build();

  private final OutputStream out;
  private final MessageType type;
  private final List<RowGroup> groups = new ArrayList<>();
  private long written;
  private long rows;
  private long groupRows;
  private BufferedPages pages;
  private ColumnWriteStore columns;
  private RecordConsumer records;

  /**
   * Begins a file.
   *
   * @param schema in the words of the format, such as {@code message row { optional binary id
   *     (STRING); }}
   */
  public ParquetWriter(Path file, String schema) throws IOException {
    this.type = MessageTypeParser.parseMessageType(schema);
    this.out = Files.newOutputStream(file);
    this.pages = new BufferedPages();
    this.columns = PROPERTIES.newColumnWriteStore(type, pages);
    this.records = new ColumnIOFactory().getColumnIO(type).getRecordWriter(columns);
    write(ParquetFooter.MAGIC);
  }

  /** Adds a row; fields that the schema does not have are left out. */
  public void add(ObjectNode row) throws IOException {
    ParquetRows.write(row, type, records);
    columns.endRecord();
    groupRows++;
    rows++;
    if (columns.getBufferedSize() + pages.size() > GROUP_BYTES) {
      endGroup();
    }
  }

  private void endGroup() throws IOException {
    records.flush();
    columns.close(); // which writes the last pages
    List<ColumnChunk> chunks = new ArrayList<>();
    long size = 0;
    for (ColumnDescriptor column : type.getColumns()) {
      BufferedChunk chunk = pages.chunk(column);
      chunks.add(new ColumnChunk(written).setMeta_data(chunk.meta(column, written)));
      size += chunk.unpackedBytes();
      write(chunk.bytes());
    }
    groups.add(new RowGroup(chunks, size, groupRows));
    groupRows = 0;
    pages = new BufferedPages();
    columns = PROPERTIES.newColumnWriteStore(type, pages);
    records = new ColumnIOFactory().getColumnIO(type).getRecordWriter(columns);
  }

  private void write(byte[] bytes) throws IOException {
    out.write(bytes);
    written += bytes.length;
  }

  /** Writes the footer; only then is the file whole. */
  @Override
  public void close() throws IOException {
    try (out) {
      if (groupRows > 0) {
        endGroup();
      }
      long footerStart = written;
      FileMetaData footer =
          new FileMetaData(FORMAT_VERSION, ParquetSchema.write(type), rows, groups);
      footer.setCreated_by("krites");
      Util.writeFileMetaData(
          footer,
          new OutputStream() {
            @Override
            public void write(int value) throws IOException {
              ParquetWriter.this.write(new byte[] {(byte) value});
            }

            @Override
            public void write(byte[] from, int offset, int length) throws IOException {
              out.write(from, offset, length);
              written += length;
            }
          });
      int length = Math.toIntExact(written - footerStart);
      write(
          ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN).putInt(length).array());
      write(ParquetFooter.MAGIC);
    }
  }
}
