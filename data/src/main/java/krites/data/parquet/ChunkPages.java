package krites.data.parquet;

import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.util.Arrays;
import java.util.zip.CRC32;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.Encoding;
import org.apache.parquet.column.values.rle.RunLengthBitPackingHybridDecoder;
import org.apache.parquet.format.ColumnMetaData;
import org.apache.parquet.format.PageHeader;
import org.apache.parquet.format.Util;

/**
 * The pages of one column in one row group: where each begins, and its bytes, read when asked for.
 * Thread safe: it holds no position.
 */
final class ChunkPages {
  /**
   * A page is about a megabyte, or as large as its largest cell. A header that claims more than
   * this is damaged, and must not fill the memory.
   */
  private static final int LARGEST_PAGE = 1 << 28;

  /** Headers have some ten bytes, or some hundred with statistics of long texts. */
  private static final int HEADER_BYTES = 1 << 12;

  private final FileChannel channel;
  private final ColumnDescriptor column;
  private final ColumnMetaData meta;

  /** A page's header and where it and its bytes lie. */
  record Place(PageHeader header, long body) {
    long next() {
      return body + header.getCompressed_page_size();
    }

    int values() {
      return header.isSetData_page_header_v2()
          ? header.getData_page_header_v2().getNum_values()
          : header.isSetData_page_header() ? header.getData_page_header().getNum_values() : 0;
    }

    boolean isDictionary() {
      return header.isSetDictionary_page_header();
    }

    boolean holdsValues() {
      return header.isSetData_page_header() || header.isSetData_page_header_v2();
    }
  }

  ChunkPages(FileChannel channel, ColumnDescriptor column, ColumnMetaData meta) {
    this.channel = channel;
    this.column = column;
    this.meta = meta;
  }

  ColumnDescriptor column() {
    return column;
  }

  /** Cells of the chunk, absent ones too. */
  long values() {
    return meta.getNum_values();
  }

  /** Where the first page begins, be it the dictionary or not. */
  long start() {
    boolean dictionaryFirst =
        meta.isSetDictionary_page_offset()
            && meta.getDictionary_page_offset() > 0
            && meta.getDictionary_page_offset() < meta.getData_page_offset();
    return dictionaryFirst ? meta.getDictionary_page_offset() : meta.getData_page_offset();
  }

  /**
   * The page whose header begins at an offset.
   *
   * @throws IOException if there is no page within the chunk
   */
  Place place(long offset) throws IOException {
    long end = start() + meta.getTotal_compressed_size();
    if (offset < ParquetFooter.MAGIC.length || offset >= end || end > channel.size()) {
      throw new IOException(
          name() + " has no page at byte " + offset + ", though cells are missing");
    }
    ChannelStream stream = new ChannelStream(channel, offset);
    PageHeader header;
    long headerBytes;
    try (CountingStream in = new CountingStream(new BufferedInputStream(stream, HEADER_BYTES))) {
      header = Util.readPageHeader(in);
      headerBytes = in.count;
    } catch (IOException | RuntimeException e) { // whatever damaged bytes make the decoder do
      throw new IOException(name() + " has a damaged page header at byte " + offset, e);
    }
    int packed = header.getCompressed_page_size();
    int unpacked = header.getUncompressed_page_size();
    long body = offset + headerBytes;
    if (packed < 0 || unpacked < 0 || unpacked > LARGEST_PAGE || packed > end - body) {
      throw new IOException(
          name()
              + " has a damaged page header at byte "
              + offset
              + ": "
              + packed
              + " bytes, unpacked "
              + unpacked);
    }
    return new Place(header, body);
  }

  /** Bytes of a page as they lie in the file, their checksum compared where there is one. */
  private byte[] packed(Place place) throws IOException {
    int length = place.header().getCompressed_page_size();
    byte[] bytes = ParquetFooter.read(channel, place.body(), length).array();
    if (place.header().isSetCrc()) {
      CRC32 crc = new CRC32();
      crc.update(bytes);
      if ((int) crc.getValue() != place.header().getCrc()) {
        throw new IOException(name() + " has a page whose bytes do not fit its checksum");
      }
    }
    return bytes;
  }

  /** The unpacked bytes of a dictionary or a data page of the first version. */
  byte[] bytes(Place place) throws IOException {
    return unpack(packed(place), place.header().getUncompressed_page_size());
  }

  /**
   * The three parts of a data page of the second version: repetition levels, definition levels,
   * unpacked values.
   */
  byte[][] parts(Place place) throws IOException {
    var header = place.header().getData_page_header_v2();
    byte[] bytes = packed(place);
    int repetition = header.getRepetition_levels_byte_length();
    int definition = header.getDefinition_levels_byte_length();
    if (repetition < 0 || definition < 0 || repetition + (long) definition > bytes.length) {
      throw new IOException(name() + " has a page whose levels are longer than the page");
    }
    int levels = repetition + definition;
    byte[] values = Arrays.copyOfRange(bytes, levels, bytes.length);
    int length = place.header().getUncompressed_page_size() - levels;
    boolean packed = !header.isSetIs_compressed() || header.isIs_compressed();
    return new byte[][] {
      Arrays.copyOf(bytes, repetition),
      Arrays.copyOfRange(bytes, repetition, levels),
      packed && length > 0 ? unpack(values, length) : values
    };
  }

  /** How many rows begin in a page. */
  int rows(Place place) throws IOException {
    if (place.header().isSetData_page_header_v2()) {
      return place.header().getData_page_header_v2().getNum_rows();
    }
    int values = place.values();
    if (column.getMaxRepetitionLevel() == 0) {
      return values;
    }
    ByteBuffer page = ByteBuffer.wrap(bytes(place)).order(ByteOrder.LITTLE_ENDIAN);
    int length = page.getInt();
    if (length < 0 || length > page.remaining()) {
      throw new IOException(name() + " has a page whose levels are longer than the page");
    }
    var levels =
        new RunLengthBitPackingHybridDecoder(
            32 - Integer.numberOfLeadingZeros(column.getMaxRepetitionLevel()),
            new ByteArrayInputStream(page.array(), page.position(), length));
    int rows = 0;
    for (int i = 0; i < values; i++) {
      rows += levels.readInt() == 0 ? 1 : 0;
    }
    return rows;
  }

  private byte[] unpack(byte[] packed, int length) throws IOException {
    try {
      return PageCodec.unpack(meta.getCodec(), packed, length);
    } catch (IOException e) {
      throw new IOException(name() + ": " + e.getMessage(), e);
    }
  }

  /** For messages. */
  String name() {
    return "column '" + String.join(".", column.getPath()) + "'";
  }

  static Encoding encoding(org.apache.parquet.format.Encoding stored) {
    return Encoding.valueOf(stored.name());
  }

  /** A file from a place on. */
  private static final class ChannelStream extends InputStream {
    private final FileChannel channel;
    private long at;

    ChannelStream(FileChannel channel, long at) {
      this.channel = channel;
      this.at = at;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
      int read = channel.read(ByteBuffer.wrap(to, offset, length), at);
      at += Math.max(0, read);
      return read;
    }
  }

  /** Counts what the header's decoder takes out of the buffer. */
  private static final class CountingStream extends InputStream {
    private final InputStream in;
    private long count;

    CountingStream(InputStream in) {
      this.in = in;
    }

    @Override
    public int read() throws IOException {
      int value = in.read();
      count += value < 0 ? 0 : 1;
      return value;
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
      int read = in.read(to, offset, length);
      count += Math.max(0, read);
      return read;
    }
  }
}
