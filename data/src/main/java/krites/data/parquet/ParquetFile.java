package krites.data.parquet;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.format.ColumnChunk;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.RowGroup;
import org.apache.parquet.io.ColumnIOFactory;
import org.apache.parquet.io.MessageColumnIO;
import org.apache.parquet.io.RecordReader;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.Type;
import org.jspecify.annotations.Nullable;

/**
 * A Parquet file: its rows one after the other, or one of them.
 *
 * <p>Whatever its size, a page of each column is in memory at a time. Thread safe; a {@link Rows}
 * has one owner. Messages of exceptions say what is wrong and name no file, which the caller knows.
 */
public final class ParquetFile implements AutoCloseable {
  private final FileChannel channel;
  private final MessageType schema;
  private final List<RowGroup> groups;
  private final long[] firstRows;
  private final long rows;

  /** Page indexes by row group and column, made when a row of the group is first asked for. */
  private final Map<String, PageIndex> indexes = new ConcurrentHashMap<>();

  private ParquetFile(FileChannel channel, FileMetaData footer) throws IOException {
    this.channel = channel;
    this.schema = ParquetSchema.read(footer.getSchema());
    this.groups = List.copyOf(footer.getRow_groups());
    this.firstRows = new long[groups.size()];
    long row = 0;
    for (int i = 0; i < firstRows.length; i++) {
      firstRows[i] = row;
      row += groups.get(i).getNum_rows();
    }
    this.rows = row;
    for (RowGroup group : groups) {
      check(group);
    }
  }

  /**
   * Opens a file and reads its footer.
   *
   * @throws IOException if it is no whole Parquet file
   */
  public static ParquetFile open(Path file) throws IOException {
    FileChannel channel = FileChannel.open(file);
    try {
      return new ParquetFile(channel, ParquetFooter.read(channel));
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  private void check(RowGroup group) throws IOException {
    boolean whole =
        group.getNum_rows() >= 0
            && group.getColumnsSize() == schema.getColumns().size()
            && group.getColumns().stream().allMatch(ColumnChunk::isSetMeta_data);
    if (!whole) {
      throw new IOException("is a damaged Parquet file: a row group does not fit the schema");
    }
    if (group.getColumns().stream().anyMatch(chunk -> chunk.isSetFile_path())) {
      throw new IOException("is a Parquet index whose columns lie in other files, name those");
    }
  }

  /** Names of the columns, in order. */
  public List<String> columns() {
    return schema.getFields().stream().map(Type::getName).toList();
  }

  /** Number of rows. */
  public long rows() {
    return rows;
  }

  /** Number of row groups. */
  public int rowGroups() {
    return groups.size();
  }

  /** What the first column's pages are packed with; {@code UNCOMPRESSED} for an empty file. */
  public String codec() {
    return groups.isEmpty()
        ? "UNCOMPRESSED"
        : groups.getFirst().getColumns().getFirst().getMeta_data().getCodec().name();
  }

  /** The schema in the words of the library, one line a field. */
  public String schema() {
    return schema.toString();
  }

  /** All rows from the first on. */
  public Rows read() {
    return new Rows();
  }

  /**
   * One row.
   *
   * @param row from 0 to {@code rows() - 1}
   * @param wanted the columns that are read; the row lacks all others
   * @throws IOException if it cannot be decoded
   */
  public ObjectNode row(long row, Predicate<String> wanted) throws IOException {
    if (row < 0 || row >= rows) {
      throw new IOException("has no row " + (row + 1) + ", it has " + rows);
    }
    int found = Arrays.binarySearch(firstRows, row);
    int group = found >= 0 ? found : -found - 2;
    while (groups.get(group).getNum_rows() == 0) {
      group++; // an empty group begins at the same row as the one after it
    }
    MessageType type = project(wanted);
    Map<ChunkPages, PageIndex> chunks = new LinkedHashMap<>();
    try {
      for (ChunkPages pages : chunks(group, type)) {
        chunks.put(pages, index(group, pages));
      }
      RowGroupPages pages =
          RowGroupPages.one(chunks, groups.get(group).getNum_rows(), row - firstRows[group]);
      return records(type, pages).read();
    } catch (IOException e) {
      throw e;
    } catch (RuntimeException e) { // whatever damaged bytes make the decoders do
      throw undecodable(group, row, e);
    }
  }

  private PageIndex index(int group, ChunkPages pages) throws IOException {
    String key = group + " " + pages.name();
    PageIndex known = indexes.get(key);
    if (known == null) {
      known = PageIndex.of(pages);
      indexes.put(key, known);
    }
    return known;
  }

  private MessageType project(Predicate<String> wanted) {
    return new MessageType(
        schema.getName(),
        schema.getFields().stream().filter(field -> wanted.test(field.getName())).toList());
  }

  private List<ChunkPages> chunks(int group, MessageType type) {
    List<ChunkPages> chunks = new ArrayList<>();
    List<ColumnDescriptor> all = schema.getColumns();
    for (int i = 0; i < all.size(); i++) {
      ColumnDescriptor column = all.get(i);
      if (type.containsPath(column.getPath())) {
        chunks.add(
            new ChunkPages(channel, column, groups.get(group).getColumns().get(i).getMeta_data()));
      }
    }
    return chunks;
  }

  private static RecordReader<ObjectNode> records(MessageType type, RowGroupPages pages) {
    MessageColumnIO assembly = new ColumnIOFactory().getColumnIO(type);
    return assembly.getRecordReader(pages, new NodeMaterializer(type));
  }

  private static IOException undecodable(int group, long row, RuntimeException e) {
    Throwable cause = e;
    while (cause.getCause() != null && !(cause instanceof UncheckedIOException)) {
      cause = cause.getCause();
    }
    String why = cause.getCause() == null ? cause.toString() : cause.getCause().getMessage();
    return new IOException(
        "row group "
            + (group + 1)
            + " cannot be decoded from row "
            + (row + 1)
            + " on, fetch the file again: "
            + why,
        e);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  /** A reading of all rows. After an exception it goes on with the next row group. */
  public final class Rows {
    private final MessageType type = schema;
    private int group = -1;
    private long row;
    private long end;
    private @Nullable RecordReader<ObjectNode> reader;

    private Rows() {}

    /** Whether {@link #next} has a row to read. */
    public boolean hasNext() {
      return row < rows;
    }

    /** Number of the row that {@link #next} reads, from 0. */
    public long position() {
      return row;
    }

    /**
     * Reads the next row.
     *
     * @throws IOException if it cannot be decoded; the rows up to {@link #position} are lost
     */
    public ObjectNode next() throws IOException {
      try {
        while (row == end) {
          group++;
          end = row + groups.get(group).getNum_rows();
          reader = null;
        }
        if (reader == null) {
          RowGroupPages pages = RowGroupPages.all(chunks(group, type), end - row);
          reader = records(type, pages);
        }
        ObjectNode next = reader.read();
        if (next == null) {
          throw new IllegalStateException("there are fewer rows than the footer says");
        }
        row++;
        return next;
      } catch (RuntimeException e) { // whatever damaged bytes make the decoders do
        IOException trouble = undecodable(group, row, e);
        row = end;
        throw trouble;
      }
    }
  }
}
