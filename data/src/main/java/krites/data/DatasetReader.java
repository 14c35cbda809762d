package krites.data;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import krites.data.format.Cells;
import krites.data.format.DatasetFormat;
import krites.data.format.RowException;
import krites.data.format.RowMeaning;
import krites.data.table.RowRead;
import krites.data.table.Shards;
import krites.data.table.Table;

/**
 * The files of a data set and the format of their rows. What is in memory does not grow with them.
 * Thread safe.
 */
public final class DatasetReader implements AutoCloseable {
  /** A file may begin with damaged rows; more of them than this, and its format must be named. */
  private static final int SNIFFED_ROWS = 100;

  /** What a reading reports of its way, in units of the files' own size. */
  @FunctionalInterface
  public interface Progress {
    void reached(long done, long total);
  }

  private final List<Path> files;
  private final List<Table> tables;
  private final DatasetFormat format;

  private DatasetReader(List<Path> files, List<Table> tables, DatasetFormat format) {
    this.files = files;
    this.tables = tables;
    this.format = format;
  }

  /**
   * Opens a file or all shards of a folder.
   *
   * @param name of {@link Shards#of}
   * @param format empty to tell it from the first rows
   * @throws DatasetException if there is no such file, one is of no known container, or the rows
   *     are of no known format
   */
  public static DatasetReader open(String name, Optional<DatasetFormat> format) {
    List<Path> files = files(name);
    List<Table> tables = new ArrayList<>();
    for (Path file : files) {
      tables.add(guard(file, () -> Table.open(file)));
    }
    DatasetFormat found =
        format.orElseGet(() -> guard(files.getFirst(), () -> sniff(files.getFirst(), tables)));
    return new DatasetReader(files, List.copyOf(tables), found);
  }

  private static List<Path> files(String name) {
    return guard(Path.of(name), () -> Shards.of(name));
  }

  private interface Reading<T> {
    T read() throws IOException;
  }

  private static <T> T guard(Path file, Reading<T> reading) {
    try {
      return reading.read();
    } catch (NoSuchFileException e) {
      throw new DatasetException(file, "there is no such file");
    } catch (IOException e) {
      throw new DatasetException(file, String.valueOf(e.getMessage()));
    }
  }

  private static DatasetFormat sniff(Path file, List<Table> tables) throws IOException {
    Optional<Cells> first = Optional.empty();
    int looked = 0;
    for (Table table : tables) {
      try (Table.Scan scan = table.scan()) {
        while (looked < SNIFFED_ROWS && scan.hasNext()) {
          looked++;
          if (scan.next() instanceof RowRead.Row row) {
            Cells cells = new Cells(row.cells(), row.number());
            Optional<DatasetFormat> format = DatasetFormat.sniff(cells);
            if (format.isPresent()) {
              return format.get();
            }
            first = first.or(() -> Optional.of(cells));
          }
        }
      }
    }
    if (first.isEmpty()) { // nothing to tell by: the reading will name what is wrong
      return DatasetFormat.named("krites").orElseThrow();
    }
    throw new DatasetException(
        file,
        "its first row has the keys "
            + String.join(", ", keys(first.get().object()))
            + ", which no known format has; name it with data.format or --format, one of "
            + DatasetFormat.names());
  }

  public List<Path> files() {
    return files;
  }

  public DatasetFormat format() {
    return format;
  }

  /** The container of the first file, in a word. */
  public String container() {
    return tables.getFirst().container();
  }

  /** Columns of the first row that can be read; none if there is none. */
  public List<String> columns() {
    return guard(
        files.getFirst(),
        () -> {
          try (Table.Scan scan = tables.getFirst().scan()) {
            while (scan.hasNext()) {
              if (scan.next() instanceof RowRead.Row row) {
                return keys(row.cells());
              }
            }
            return List.of();
          }
        });
  }

  private static List<String> keys(ObjectNode row) {
    List<String> keys = new ArrayList<>();
    row.fieldNames().forEachRemaining(keys::add);
    return keys;
  }

  /** Rows of all files, where that is known without reading them. */
  public OptionalLong rows() {
    long sum = 0;
    for (Table table : tables) {
      if (table.rows().isEmpty()) {
        return OptionalLong.empty();
      }
      sum += table.rows().getAsLong();
    }
    return OptionalLong.of(sum);
  }

  /**
   * Reads every row of every file once.
   *
   * @throws DatasetException if a file cannot be read any more; what is wrong with a row is an
   *     outcome
   */
  public void read(Consumer<RowOutcome> outcomes, Progress progress) {
    long total = tables.stream().mapToLong(Table::size).sum();
    long before = 0;
    for (int shard = 0; shard < tables.size(); shard++) {
      Table table = tables.get(shard);
      Path file = files.get(shard);
      int number = shard;
      long behind = before;
      guard(
          file,
          () -> {
            try (Table.Scan scan = table.scan()) {
              while (scan.hasNext()) {
                outcomes.accept(outcome(number, scan.next()));
                progress.reached(behind + scan.done(), total);
              }
            }
            return file;
          });
      before += table.size();
    }
  }

  private RowOutcome outcome(int shard, RowRead read) {
    return switch (read) {
      case RowRead.Row row -> {
        RowPlace place = place(shard, row.number(), row.position());
        try {
          yield switch (format.read(new Cells(row.cells(), row.number()))) {
            case RowMeaning.Samples(var samples) -> new RowOutcome.Read(place, samples);
            case RowMeaning.Nothing(var reason) -> new RowOutcome.Nothing(place, reason);
          };
        } catch (RowException e) {
          yield new RowOutcome.Bad(place, String.valueOf(e.getMessage()), 1);
        }
      }
      case RowRead.Unreadable bad ->
          new RowOutcome.Bad(place(shard, bad.number(), -1), bad.problem(), bad.lost());
    };
  }

  private RowPlace place(int shard, long number, long position) {
    return new RowPlace(shard, files.get(shard), tables.get(shard).unit(), number, position);
  }

  /**
   * Reads one row again.
   *
   * @param number of the row, for the id of a row that has none
   * @throws DatasetException if the file has changed since
   */
  RowOutcome again(int shard, long number, long position) {
    return guard(
        files.get(shard),
        () ->
            outcome(
                shard,
                new RowRead.Row(number, position, tables.get(shard).row(position, _ -> true))));
  }

  @Override
  public void close() {
    for (Table table : tables) {
      try {
        table.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
