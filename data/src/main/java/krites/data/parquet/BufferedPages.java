package krites.data.parquet;

import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.page.PageWriteStore;
import org.apache.parquet.column.page.PageWriter;

/** The packed pages of a row group that is being written. */
final class BufferedPages implements PageWriteStore {
  private final Map<ColumnDescriptor, BufferedChunk> chunks = new LinkedHashMap<>();

  @Override
  public PageWriter getPageWriter(ColumnDescriptor column) {
    return chunk(column);
  }

  BufferedChunk chunk(ColumnDescriptor column) {
    return chunks.computeIfAbsent(column, _ -> new BufferedChunk());
  }

  /** Bytes of all pages so far. */
  long size() {
    return chunks.values().stream().mapToLong(BufferedChunk::getMemSize).sum();
  }

  @Override
  public void close() {}
}
