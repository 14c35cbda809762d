package krites.data.parquet;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;
import org.apache.parquet.bytes.BytesInput;
import org.apache.parquet.column.page.DataPage;
import org.apache.parquet.column.page.DataPageV1;
import org.apache.parquet.column.page.DataPageV2;
import org.apache.parquet.column.page.DictionaryPage;
import org.apache.parquet.column.page.PageReader;
import org.apache.parquet.column.statistics.Statistics;
import org.jspecify.annotations.Nullable;

/**
 * Hands the pages of a {@link ChunkPages} to the library one after the other, from a page on; one
 * page is in memory at a time. Its owner is one reading.
 */
final class ChunkReader implements PageReader {
  private final ChunkPages pages;
  private final PageIndex.Start start;
  private final Optional<PageIndex> index;
  private final Statistics<?> noStatistics;
  private long offset;
  private long valuesLeft;
  private int page;

  /** From the first page on. */
  ChunkReader(ChunkPages pages) {
    this(pages, new PageIndex.Start(0, pages.start(), pages.values()), Optional.empty());
  }

  /** From the page on in which a row begins. */
  ChunkReader(ChunkPages pages, PageIndex index, long row) {
    this(pages, index.startOf(row), Optional.of(index));
  }

  private ChunkReader(ChunkPages pages, PageIndex.Start start, Optional<PageIndex> index) {
    this.pages = pages;
    this.start = start;
    this.index = index;
    this.offset = start.offset();
    this.valuesLeft = start.valuesLeft();
    this.page = start.page();
    this.noStatistics = Statistics.getBuilderForReading(pages.column().getPrimitiveType()).build();
  }

  @Override
  public @Nullable DictionaryPage readDictionaryPage() {
    try {
      ChunkPages.Place place = pages.place(pages.start());
      if (!place.isDictionary()) {
        return null;
      }
      if (offset == pages.start()) {
        offset = place.next();
      }
      var header = place.header().getDictionary_page_header();
      return new DictionaryPage(
          BytesInput.from(pages.bytes(place)),
          header.getNum_values(),
          ChunkPages.encoding(header.getEncoding()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public long getTotalValueCount() {
    return start.valuesLeft();
  }

  @Override
  public @Nullable DataPage readPage() {
    try {
      while (valuesLeft > 0) {
        ChunkPages.Place place = pages.place(offset);
        offset = place.next();
        if (place.holdsValues()) {
          valuesLeft -= place.values();
          return place.header().isSetData_page_header_v2() ? second(place) : first(place);
        }
      }
      return null;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private DataPage first(ChunkPages.Place place) throws IOException {
    var header = place.header().getData_page_header();
    BytesInput bytes = BytesInput.from(pages.bytes(place));
    int length = place.header().getUncompressed_page_size();
    var repetition = ChunkPages.encoding(header.getRepetition_level_encoding());
    var definition = ChunkPages.encoding(header.getDefinition_level_encoding());
    var values = ChunkPages.encoding(header.getEncoding());
    if (index.isEmpty()) {
      return new DataPageV1(
          bytes, header.getNum_values(), length, noStatistics, repetition, definition, values);
    }
    int number = page++;
    return new DataPageV1(
        bytes,
        header.getNum_values(),
        length,
        index.get().firstRow(number),
        index.get().rows(number),
        noStatistics,
        repetition,
        definition,
        values);
  }

  private DataPage second(ChunkPages.Place place) throws IOException {
    var header = place.header().getData_page_header_v2();
    byte[][] parts = pages.parts(place);
    BytesInput repetition = BytesInput.from(parts[0]);
    BytesInput definition = BytesInput.from(parts[1]);
    BytesInput values = BytesInput.from(parts[2]);
    var encoding = ChunkPages.encoding(header.getEncoding());
    if (index.isEmpty()) {
      return DataPageV2.uncompressed(
          header.getNum_rows(),
          header.getNum_nulls(),
          header.getNum_values(),
          repetition,
          definition,
          encoding,
          values,
          noStatistics);
    }
    int number = page++;
    return DataPageV2.uncompressed(
        header.getNum_rows(),
        header.getNum_nulls(),
        header.getNum_values(),
        index.get().firstRow(number),
        repetition,
        definition,
        encoding,
        values,
        noStatistics);
  }
}
