package krites.app.conformance;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import krites.data.DatasetException;
import krites.data.DatasetReader;
import krites.data.ImageFinder;
import krites.data.RowOutcome;
import krites.data.format.ImageCell;
import krites.data.format.Sample;
import krites.data.report.DatasetSummary;

/**
 * Every data file of a folder is read whole: its format is recognised, as many rows are read as it
 * has lines, none is damaged, and where the pictures are beside, each is there.
 *
 * @param name the folder
 * @param pictures whether the pictures that rows name are beside
 */
public record SampleFilesCheck(String name, boolean pictures) implements ConformanceCheck {
  /** Answers that come with samples, and are no rows. */
  private static final List<String> NO_DATA = List.of("expected.json", "expected_baselines.json");

  @Override
  public boolean appliesTo(Path directory) {
    try {
      return !files(directory.resolve(name)).isEmpty();
    } catch (IOException e) {
      return false;
    }
  }

  private static List<Path> files(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> file.toString().matches(".*\\.(jsonl|json|parquet)"))
          .filter(file -> !NO_DATA.contains(file.getFileName().toString()))
          .sorted()
          .toList();
    }
  }

  @Override
  public void run(Path directory, Consumer<CaseResult> results) throws IOException {
    for (Path file : files(directory.resolve(name))) {
      String caseName = file.getFileName().toString();
      try (DatasetReader reader = DatasetReader.open(file.toString(), Optional.empty())) {
        results.accept(read(file, caseName, reader));
      } catch (DatasetException e) {
        results.accept(CaseResult.failed(name, caseName, "rows", String.valueOf(e.getMessage())));
      }
    }
  }

  private CaseResult read(Path file, String caseName, DatasetReader reader) throws IOException {
    DatasetSummary summary = new DatasetSummary();
    long[] missing = {0};
    reader.read(
        outcome -> {
          summary.accept(outcome);
          if (pictures && outcome instanceof RowOutcome.Read read) {
            missing[0] += read.samples().stream().mapToLong(sample -> missing(read, sample)).sum();
          }
        },
        (_, _) -> {});
    long expected = reader.rows().isPresent() ? reader.rows().getAsLong() : lines(file);
    long wrong = Math.abs(expected - summary.rows()) + summary.bad().rows() + missing[0];
    String note =
        "%s: %d rows, %d pairs, %d questions, %d damaged, %d images missing"
            .formatted(
                reader.format().name(),
                summary.rows(),
                summary.pairs(),
                summary.items(),
                summary.bad().rows(),
                missing[0]);
    return new CaseResult(name, caseName, "rows", wrong, 0, wrong == 0 && expected > 0, note);
  }

  private static long missing(RowOutcome.Read read, Sample sample) {
    ImageFinder finder = ImageFinder.of(Optional.empty());
    return sample.images().stream()
        .filter(
            image ->
                image instanceof ImageCell.Named named
                    && finder.find(read.place(), named).isEmpty())
        .count();
  }

  private static long lines(Path file) throws IOException {
    try (Stream<String> lines = Files.lines(file)) {
      return lines.filter(line -> !line.isBlank()).count();
    }
  }
}
