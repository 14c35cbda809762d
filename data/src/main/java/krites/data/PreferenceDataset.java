package krites.data;

import java.nio.file.Path;
import krites.grpo.Prompt;
import krites.grpo.port.PromptSource;

/**
 * Prompts from a file or the shards of a folder, in any of the known formats. All rows are read and
 * checked once, and what is kept of them is where they stand; a prompt reads its row again.
 * Immutable and thread safe.
 */
public final class PreferenceDataset implements PromptSource, AutoCloseable {
  private final DatasetReader reader;
  private final PromptIndex index;
  private final SamplePrompts prompts;
  private final DatasetCounts counts;

  private PreferenceDataset(
      DatasetReader reader, PromptIndex index, SamplePrompts prompts, DatasetCounts counts) {
    this.reader = reader;
    this.index = index;
    this.prompts = prompts;
    this.counts = counts;
  }

  /**
   * Reads a file, every pair once; see {@link #read(String, DatasetSettings,
   * DatasetReader.Progress)}.
   */
  public static PreferenceDataset read(Path file, String instruction, TiePolicy ties) {
    return read(file.toString(), DatasetSettings.of(instruction, ties), (_, _) -> {});
  }

  /**
   * Reads a data set.
   *
   * @param name a file or a folder, see {@link krites.data.table.Shards}
   * @throws DatasetException if a file cannot be read, no prompt is left, or a row is damaged and
   *     that ends the reading
   */
  public static PreferenceDataset read(
      String name, DatasetSettings settings, DatasetReader.Progress progress) {
    DatasetReader reader = DatasetReader.open(name, settings.format());
    try {
      SamplePrompts prompts = new SamplePrompts(settings);
      DatasetIndexer indexer = new DatasetIndexer(prompts, settings.badRows(), reader.format());
      reader.read(indexer, progress);
      DatasetCounts counts = indexer.counts();
      if (counts.prompts() == 0) {
        throw new DatasetException(
            Path.of(name), "holds no prompt (" + counts.dropped() + "), expected at least one");
      }
      return new PreferenceDataset(reader, indexer.index(), prompts, counts);
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
   * Reads the row of a prompt again.
   *
   * @throws DatasetException if the file is not any more what it was when it was opened
   */
  @Override
  public Prompt prompt(long number) {
    return index.again(reader, number, prompts::of);
  }

  /** Rows kept and dropped, and why. */
  public DatasetCounts counts() {
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
}
