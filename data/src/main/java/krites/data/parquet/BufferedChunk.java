package krites.data.parquet;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import org.apache.parquet.bytes.BytesInput;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.Encoding;
import org.apache.parquet.column.page.DictionaryPage;
import org.apache.parquet.column.page.PageWriter;
import org.apache.parquet.column.statistics.SizeStatistics;
import org.apache.parquet.column.statistics.Statistics;
import org.apache.parquet.column.statistics.geospatial.GeospatialStatistics;
import org.apache.parquet.format.ColumnMetaData;
import org.apache.parquet.format.CompressionCodec;
import org.apache.parquet.format.DataPageHeader;
import org.apache.parquet.format.PageHeader;
import org.apache.parquet.format.PageType;
import org.apache.parquet.format.Util;

/** The packed pages of one column of a row group that is being written. */
final class BufferedChunk implements PageWriter {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private long values;
  private long unpacked;

  @Override
  public void writePage(
      BytesInput page,
      int valueCount,
      Statistics<?> statistics,
      Encoding repetition,
      Encoding definition,
      Encoding encoding)
      throws IOException {
    byte[] plain = page.toByteArray();
    byte[] packed = PageCodec.packZstd(plain);
    PageHeader header = new PageHeader(PageType.DATA_PAGE, plain.length, packed.length);
    header.setData_page_header(
        new DataPageHeader(valueCount, stored(encoding), stored(definition), stored(repetition)));
    int before = bytes.size();
    Util.writePageHeader(header, bytes);
    unpacked += bytes.size() - before + plain.length;
    bytes.writeBytes(packed);
    values += valueCount;
  }

  @Override
  public void writePage(
      BytesInput page,
      int valueCount,
      int rowCount,
      Statistics<?> statistics,
      Encoding repetition,
      Encoding definition,
      Encoding encoding)
      throws IOException {
    writePage(page, valueCount, statistics, repetition, definition, encoding);
  }

  /** What the library calls; the bounds that it hands along are optional and left out. */
  @Override
  public void writePage(
      BytesInput page,
      int valueCount,
      int rowCount,
      Statistics<?> statistics,
      SizeStatistics sizes,
      GeospatialStatistics places,
      Encoding repetition,
      Encoding definition,
      Encoding encoding)
      throws IOException {
    writePage(page, valueCount, statistics, repetition, definition, encoding);
  }

  private static org.apache.parquet.format.Encoding stored(Encoding encoding) {
    return org.apache.parquet.format.Encoding.valueOf(encoding.name());
  }

  /** What the footer says of this chunk. */
  ColumnMetaData meta(ColumnDescriptor column, long offset) {
    return new ColumnMetaData(
        ParquetSchema.stored(column.getPrimitiveType().getPrimitiveTypeName()),
        List.of(org.apache.parquet.format.Encoding.PLAIN, org.apache.parquet.format.Encoding.RLE),
        List.of(column.getPath()),
        CompressionCodec.ZSTD,
        values,
        unpacked,
        bytes.size(),
        offset);
  }

  long unpackedBytes() {
    return unpacked;
  }

  byte[] bytes() {
    return bytes.toByteArray();
  }

  @Override
  public long getMemSize() {
    return bytes.size();
  }

  @Override
  public long allocatedSize() {
    return bytes.size();
  }

  @Override
  public void writePageV2(
      int rowCount,
      int nullCount,
      int valueCount,
      BytesInput repetition,
      BytesInput definition,
      Encoding encoding,
      BytesInput data,
      Statistics<?> statistics) {
    throw new IllegalStateException("pages of the first version are written");
  }

  @Override
  public void writeDictionaryPage(DictionaryPage page) {
    throw new IllegalStateException("dictionaries are switched off");
  }

  @Override
  public String memUsageString(String prefix) {
    return prefix + " " + bytes.size() + " bytes";
  }

  @Override
  public void close() {}
}
