package krites.data.parquet;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Which rows begin in which page of a chunk, so that one row is read without those before it.
 * Thirty bytes a page, and a page is about a megabyte.
 */
final class PageIndex {
  private final long[] offsets;
  private final long[] firstRows;
  private final long[] valuesLeft;
  private final long rows;

  /** Where a reading begins: number and offset of the page, and the cells from there on. */
  record Start(int page, long offset, long valuesLeft) {}

  private PageIndex(long[] offsets, long[] firstRows, long[] valuesLeft, long rows) {
    this.offsets = offsets;
    this.firstRows = firstRows;
    this.valuesLeft = valuesLeft;
    this.rows = rows;
  }

  /**
   * Looks at the header of every page; pages of lists in the first version are unpacked too, since
   * their headers do not count rows.
   */
  static PageIndex of(ChunkPages pages) throws IOException {
    List<long[]> found = new ArrayList<>();
    long offset = pages.start();
    long left = pages.values();
    long row = 0;
    while (left > 0) {
      ChunkPages.Place place = pages.place(offset);
      if (place.holdsValues()) {
        found.add(new long[] {offset, row, left});
        row += pages.rows(place);
        left -= place.values();
      }
      offset = place.next();
    }
    return new PageIndex(column(found, 0), column(found, 1), column(found, 2), row);
  }

  private static long[] column(List<long[]> found, int number) {
    return found.stream().mapToLong(page -> page[number]).toArray();
  }

  long firstRow(int page) {
    return firstRows[page];
  }

  /** Rows that begin in a page. */
  int rows(int page) {
    long next = page + 1 < firstRows.length ? firstRows[page + 1] : rows;
    return Math.toIntExact(next - firstRows[page]);
  }

  /** The page in which a row begins. */
  Start startOf(long row) {
    int page = 0;
    for (int i = 0; i < firstRows.length && firstRows[i] <= row; i++) {
      page = rows(i) > 0 ? i : page; // a page may hold only the rest of a long list
    }
    return new Start(page, offsets[page], valuesLeft[page]);
  }
}
