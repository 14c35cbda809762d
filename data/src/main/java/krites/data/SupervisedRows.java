package krites.data;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import krites.data.format.RowException;
import krites.data.format.Sample;
import krites.data.shapes.SupervisedItem;

/**
 * Examples to imitate from a file or the shards of a folder, in any of the known formats. Rows are
 * read and checked once; what is kept is where they stand. Thread safe.
 */
public final class SupervisedRows implements SupervisedExamples, AutoCloseable {
  private final DatasetReader reader;
  private final SupervisedMaker maker;
  private final PromptIndex index;
  private final Counts counts;

  /**
   * What became of the rows.
   *
   * @param rows read, damaged ones too
   * @param examples to imitate
   * @param nothing sound rows or pairs with nothing to imitate
   * @param bad damaged rows and what was said of them
   */
  public record Counts(long rows, long examples, long nothing, DatasetCounts.Complaints bad) {}

  private SupervisedRows(
      DatasetReader reader, SupervisedMaker maker, PromptIndex index, Counts counts) {
    this.reader = reader;
    this.maker = maker;
    this.index = index;
    this.counts = counts;
  }

  /**
   * Reads a data set.
   *
   * @param name a file or a folder, see {@link krites.data.table.Shards}
   * @throws DatasetException if a file cannot be read, no example is left, or a row is damaged and
   *     that ends the reading
   */
  public static SupervisedRows read(
      String name,
      DatasetSettings settings,
      SupervisedSettings supervised,
      DatasetReader.Progress progress) {
    DatasetReader reader = DatasetReader.open(name, settings.format());
    try {
      SupervisedMaker maker = new SupervisedMaker(settings, supervised);
      Indexer indexer = new Indexer(maker, settings.badRows());
      reader.read(indexer, progress);
      Counts counts = indexer.counts();
      if (counts.examples() == 0) {
        throw new DatasetException(
            Path.of(name),
            "holds no example to imitate ("
                + counts.rows()
                + " rows, "
                + counts.nothing()
                + " with nothing to imitate, "
                + counts.bad().rows()
                + " damaged), expected at least one");
      }
      return new SupervisedRows(reader, maker, indexer.index, counts);
    } catch (RuntimeException e) {
      reader.close();
      throw e;
    }
  }

  @Override
  public long size() {
    return index.size();
  }

  /**
   * Reads the row of an example again.
   *
   * @throws DatasetException if the file is not any more what it was when it was opened
   */
  @Override
  public SupervisedItem item(long number) {
    return index.again(reader, number, maker::items);
  }

  /** Rows used and left out. */
  public Counts counts() {
    return counts;
  }

  /** The format and the files. */
  public DatasetReader reader() {
    return reader;
  }

  @Override
  public void close() {
    reader.close();
  }

  private static final class Indexer implements Consumer<RowOutcome> {
    private final SupervisedMaker maker;
    private final BadRows badRows;
    private final PromptIndex index = new PromptIndex();
    private final Map<String, Integer> ids = new HashMap<>();
    private final DatasetCounts.Complaints bad = new DatasetCounts.Complaints();
    private long rows;
    private long nothing;

    Indexer(SupervisedMaker maker, BadRows badRows) {
      this.maker = maker;
      this.badRows = badRows;
    }

    @Override
    public void accept(RowOutcome outcome) {
      rows++;
      switch (outcome) {
        case RowOutcome.Bad(RowPlace place, String problem, long lost) -> {
          rows += lost - 1;
          damaged(place, problem, lost);
        }
        case RowOutcome.Nothing _ -> nothing++;
        case RowOutcome.Read(RowPlace place, List<Sample> samples) -> {
          try {
            add(place, samples);
          } catch (RowException e) {
            damaged(place, String.valueOf(e.getMessage()), 1);
          }
        }
      }
    }

    private void add(RowPlace place, List<Sample> samples) {
      for (int i = 0; i < samples.size(); i++) {
        int repeat = ids.merge(samples.get(i).id(), 1, Integer::sum) - 1;
        int made = maker.items(place, samples.get(i), repeat).size();
        nothing += made == 0 ? 1 : 0;
        for (int showing = 0; showing < made; showing++) {
          index.add(place, i * SamplePrompts.SHOWINGS + showing, repeat);
        }
      }
    }

    private void damaged(RowPlace place, String problem, long lost) {
      DatasetException trouble = new DatasetException(place, problem);
      if (badRows == BadRows.STOP) {
        throw trouble;
      }
      bad.add(String.valueOf(trouble.getMessage()), lost);
    }

    Counts counts() {
      return new Counts(rows, index.size(), nothing, bad);
    }
  }
}
