package krites.data;

import java.nio.file.Path;
import java.util.Optional;
import krites.data.format.DatasetFormat;

/**
 * How a data set is read.
 *
 * @param images what relative image paths begin at; empty for the folder of each file
 * @param format empty to tell it from the rows
 */
public record DatasetSettings(
    PromptSettings prompts,
    Optional<Path> images,
    Optional<DatasetFormat> format,
    BadRows badRows) {

  /** Every pair once, a damaged row ends the reading. */
  public static DatasetSettings of(String instruction, TiePolicy ties) {
    return new DatasetSettings(
        PromptSettings.of(instruction, ties), Optional.empty(), Optional.empty(), BadRows.STOP);
  }

  /** The same with images that lie in a folder of their own. */
  public DatasetSettings withImages(Path folder) {
    return new DatasetSettings(prompts, Optional.of(folder), format, badRows);
  }
}
