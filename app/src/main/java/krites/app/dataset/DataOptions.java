package krites.app.dataset;

import java.nio.file.Path;
import java.util.Optional;
import krites.app.InputError;
import krites.app.display.ReadProgress;
import krites.app.display.Terminal;
import krites.data.DatasetReader;
import krites.data.format.DatasetFormat;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Which data set a verb looks at. */
final class DataOptions {
  private static final String ANY = "auto";

  @Parameters(
      paramLabel = "DATA",
      description =
          "A Parquet, JSONL or JSON file, or a folder of them; FOLDER@train: those that begin so.")
  private String name = "";

  @Option(
      names = "--format",
      paramLabel = "NAME",
      description = "The layout of the rows, if it must not be told from them (see docs/data.md).")
  private String format = ANY;

  @Option(
      names = "--images",
      paramLabel = "DIR",
      description = "What image paths in the rows begin at. Default: the folder of each file.")
  private @Nullable Path images;

  String name() {
    return name;
  }

  Optional<Path> images() {
    return Optional.ofNullable(images);
  }

  /**
   * Opens the data set.
   *
   * @throws InputError if it cannot be read
   */
  DatasetReader open() {
    Optional<DatasetFormat> named = DatasetFormat.named(format);
    if (named.isEmpty() && !format.equals(ANY)) {
      throw new InputError(
          "--format " + format + ": expected " + ANY + ", " + DatasetFormat.names());
    }
    return open(name, named);
  }

  static DatasetReader open(String name, Optional<DatasetFormat> format) {
    return InputError.guard(() -> DatasetReader.open(name, format));
  }

  /** A bar on standard error, where a person looks. */
  static ReadProgress bar(String deed) {
    return new ReadProgress(Terminal.standardError(), deed, System::nanoTime);
  }
}
