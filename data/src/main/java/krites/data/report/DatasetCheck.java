package krites.data.report;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import krites.data.DatasetReader;
import krites.data.ImageFinder;
import krites.data.RowOutcome;
import krites.data.format.Sample;

/**
 * A data set looked at as a whole: what it holds, what occurs again, and what of it stands in
 * benchmarks too. Memory grows by some hundred bytes a sample.
 */
public final class DatasetCheck {
  private final DatasetSummary summary = new DatasetSummary();
  private final Duplicates duplicates = new Duplicates();
  private final List<Benchmark> benchmarks = new ArrayList<>();
  private final ImageFingerprints prints;
  private final Optional<Path> images;

  /** A benchmark, and how many samples share what with it. */
  public record Benchmark(
      String name, long samples, Contents contents, Map<Contents.Shared, Long> shared) {
    /** Samples that share something. */
    public long count(Contents.Shared kind) {
      return shared.getOrDefault(kind, 0L);
    }
  }

  /**
   * @param images what relative image paths of the data set begin at; empty for its own folder
   */
  public DatasetCheck(Optional<Path> images) {
    this.images = images;
    this.prints = new ImageFingerprints(ImageFinder.of(images));
  }

  /** Reads a benchmark that the data set is to be compared with; before {@link #run}. */
  public void against(String name, DatasetReader benchmark, DatasetReader.Progress progress) {
    Contents contents = new Contents();
    ImageFingerprints own = new ImageFingerprints(ImageFinder.of(Optional.empty()));
    long[] samples = {0};
    benchmark.read(
        outcome -> {
          if (outcome instanceof RowOutcome.Read read) {
            for (Sample sample : read.samples()) {
              contents.add(sample, own.of(read.place(), sample));
              samples[0]++;
            }
          }
        },
        progress);
    benchmarks.add(new Benchmark(name, samples[0], contents, new EnumMap<>(Contents.Shared.class)));
  }

  /**
   * Reads the data set.
   *
   * @param also sees every outcome too
   */
  public void run(
      DatasetReader reader, Consumer<RowOutcome> also, DatasetReader.Progress progress) {
    reader.read(
        outcome -> {
          summary.accept(outcome);
          if (outcome instanceof RowOutcome.Read read) {
            read.samples().forEach(sample -> look(sample, prints.of(read.place(), sample)));
          }
          also.accept(outcome);
        },
        progress);
  }

  private void look(Sample sample, List<Long> imagePrints) {
    duplicates.add(sample, imagePrints);
    for (Benchmark benchmark : benchmarks) {
      benchmark.shared().merge(benchmark.contents().shared(sample, imagePrints), 1L, Long::sum);
    }
  }

  public DatasetSummary summary() {
    return summary;
  }

  public Duplicates duplicates() {
    return duplicates;
  }

  public List<Benchmark> benchmarks() {
    return List.copyOf(benchmarks);
  }

  /** Images that rows name and that are not there. */
  public long missingImages() {
    return prints.missing();
  }

  /** What relative image paths begin at. */
  public Optional<Path> images() {
    return images;
  }
}
