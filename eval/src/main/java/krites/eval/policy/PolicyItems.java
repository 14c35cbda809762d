package krites.eval.policy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import krites.data.DatasetException;
import krites.data.ImageNames;
import krites.data.RowPlace;
import krites.data.benchmark.BenchmarkRow;
import krites.data.format.Cells;
import krites.data.format.RowException;
import krites.data.table.RowRead;
import krites.data.table.Shards;
import krites.data.table.Table;
import krites.eval.UniqueIds;
import krites.grpo.ImageRef;

/**
 * Reads the rows of a policy benchmark: Parquet, JSONL or JSON, one file or the shards of a folder.
 */
public final class PolicyItems {
  private final PolicyBenchmark benchmark;
  private final ImageNames images;
  private final long limit;
  private final UniqueIds ids = new UniqueIds();
  private final List<PolicyItem> items = new ArrayList<>();

  private PolicyItems(PolicyBenchmark benchmark, ImageNames images, long limit) {
    this.benchmark = benchmark;
    this.images = images;
    this.limit = limit;
  }

  /**
   * The items of some files, in order.
   *
   * @param name a file or a folder, see {@link Shards}
   * @param images what relative paths of pictures begin at; empty for the folder of each file
   * @param limit of items; 0 is none
   * @throws DatasetException if a file cannot be read or a row has not the benchmark's columns; the
   *     message names file, row and column
   */
  public static List<PolicyItem> read(
      PolicyBenchmark benchmark, String name, Optional<Path> images, long limit) {
    PolicyItems reader = new PolicyItems(benchmark, new ImageNames(images), limit);
    Path named = Path.of(name);
    try {
      List<Path> files = Shards.of(name);
      for (int shard = 0; shard < files.size() && !reader.full(); shard++) {
        reader.read(shard, files.get(shard));
      }
    } catch (NoSuchFileException e) {
      throw DatasetException.of(named, "there is no such file");
    } catch (IOException e) {
      throw DatasetException.of(named, String.valueOf(e.getMessage()));
    }
    if (reader.items.isEmpty()) {
      throw DatasetException.of(named, "holds no row, expected those of " + benchmark.title());
    }
    return List.copyOf(reader.items);
  }

  private boolean full() {
    return limit > 0 && items.size() >= limit;
  }

  private void read(int shard, Path file) throws IOException {
    try (Table table = Table.open(file);
        Table.Scan scan = table.scan()) {
      while (!full() && scan.hasNext()) {
        switch (scan.next()) {
          case RowRead.Row(long number, long position, ObjectNode cells) ->
              add(new RowPlace(shard, file, table.unit(), number, position), cells);
          case RowRead.Unreadable(long number, String problem, _) ->
              throw DatasetException.of(
                  new RowPlace(shard, file, table.unit(), number, -1), problem);
        }
      }
    }
  }

  private void add(RowPlace place, ObjectNode cells) {
    try {
      BenchmarkRow whole = new BenchmarkRow(cells);
      long number = items.size();
      String id = ids.of(benchmark.id(whole, number));
      Pictures pictures = pictures(place, cells, whole);
      benchmark.verdict(whole, "", 0); // finds a row that cannot be scored before anything is asked
      items.add(
          new PolicyItem(
              number,
              id,
              benchmark.question(whole),
              pictures.images(),
              pictures.trouble(),
              benchmark.tags(whole),
              whole.withoutBytes()));
    } catch (IllegalArgumentException e) {
      throw DatasetException.of(
          place, e.getMessage() + "; " + benchmark.name() + " has " + benchmark.columns());
    }
  }

  private record Pictures(List<ImageRef> images, Optional<String> trouble) {}

  private Pictures pictures(RowPlace place, ObjectNode cells, BenchmarkRow row) {
    List<ImageRef> found = new ArrayList<>();
    Optional<String> trouble = Optional.empty();
    for (List<String> columns : benchmark.pictures(row)) {
      try {
        List<ImageRef> here =
            images.of(
                place, new Cells(cells, place.number()).images(columns.toArray(String[]::new)));
        found.addAll(here);
        if (here.isEmpty()) {
          throw new RowException("lacks '" + String.join("' or '", columns) + "'");
        }
      } catch (RowException e) {
        trouble = Optional.of(place + ": " + e.getMessage());
      }
    }
    return new Pictures(trouble.isPresent() ? List.of() : found, trouble);
  }
}
