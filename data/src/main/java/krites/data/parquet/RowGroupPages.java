package krites.data.parquet;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.PrimitiveIterator;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.column.page.PageReader;

/**
 * The pages of a row group as the library asks for them: of all rows, or of one.
 *
 * @param readers one a column
 * @param rows of the group
 * @param row the one that is wanted, counted within the group; empty for all
 */
record RowGroupPages(Map<ColumnDescriptor, PageReader> readers, long rows, Optional<Long> row)
    implements PageReadStore {

  static RowGroupPages all(List<ChunkPages> chunks, long rows) {
    return of(chunks, ChunkReader::new, rows, Optional.empty());
  }

  static RowGroupPages one(Map<ChunkPages, PageIndex> chunks, long rows, long row) {
    return of(
        List.copyOf(chunks.keySet()),
        pages -> new ChunkReader(pages, Objects.requireNonNull(chunks.get(pages)), row),
        rows,
        Optional.of(row));
  }

  private static RowGroupPages of(
      List<ChunkPages> chunks,
      Function<ChunkPages, PageReader> reader,
      long rows,
      Optional<Long> row) {
    return new RowGroupPages(
        chunks.stream().collect(Collectors.toMap(ChunkPages::column, reader)), rows, row);
  }

  @Override
  public PageReader getPageReader(ColumnDescriptor column) {
    PageReader reader = readers.get(column);
    if (reader == null) {
      throw new IllegalArgumentException("no pages for " + column);
    }
    return reader;
  }

  @Override
  public long getRowCount() {
    return row.isPresent() ? 1 : rows;
  }

  @Override
  public Optional<PrimitiveIterator.OfLong> getRowIndexes() {
    return row.map(number -> LongStream.of(number).iterator());
  }
}
