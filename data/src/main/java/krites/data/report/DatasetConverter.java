package krites.data.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import krites.data.DatasetCounts;
import krites.data.ImageFinder;
import krites.data.RowOutcome;
import krites.data.RowPlace;
import krites.data.format.ImageCell;
import krites.data.format.ImageKind;
import krites.data.format.RowException;
import krites.data.format.Sample;
import krites.grpo.flow.Seeds;

/**
 * Writes samples in Krites' own format. Pairs of which the file does not say which response stands
 * first get a seeded coin, and a tag that tells it. Its owner is one reading.
 */
public final class DatasetConverter implements Consumer<RowOutcome> {
  /** Where images go. */
  public enum Images {
    /** Into the rows. */
    EMBED,
    /** Into files of a folder beside; files that were named stay where they are. */
    BESIDE
  }

  private final RowSink sink;
  private final Images where;
  private final ImageFinder finder;
  private final Path folder;
  private final Path imageFolder;
  private final long seed;
  private final Map<String, Integer> ids = new HashMap<>();
  private final DatasetCounts.Complaints bad = new DatasetCounts.Complaints();
  private long samples;
  private long rows;

  /**
   * @param out the file that the sink writes, for paths relative to it
   * @param seed of the coins
   */
  public DatasetConverter(RowSink sink, Path out, Images where, ImageFinder finder, long seed) {
    this.sink = sink;
    this.where = where;
    this.finder = finder;
    this.folder = out.toAbsolutePath().resolveSibling("").normalize();
    String name = out.getFileName().toString();
    int dot = name.lastIndexOf('.');
    this.imageFolder = folder.resolve((dot < 0 ? name : name.substring(0, dot)) + "-images");
    this.seed = seed;
  }

  @Override
  public void accept(RowOutcome outcome) {
    switch (outcome) {
      case RowOutcome.Bad(RowPlace place, String problem, long lost) -> {
        rows += lost;
        bad.add(place + ": " + problem, lost);
      }
      case RowOutcome.Nothing _ -> rows++;
      case RowOutcome.Read(RowPlace place, List<Sample> read) -> {
        rows++;
        try {
          for (Sample sample : read) {
            write(place, sample);
          }
        } catch (RowException e) {
          bad.add(place + ": " + e.getMessage(), 1);
        } catch (IOException e) {
          throw new UncheckedIOException("cannot write: " + e.getMessage(), e);
        }
      }
    }
  }

  private void write(RowPlace place, Sample sample) throws IOException {
    int repeat = ids.merge(sample.id(), 1, Integer::sum);
    String id = repeat == 1 ? sample.id() : sample.id() + "~" + repeat;
    boolean drawn = sample instanceof Sample.Pair pair && !pair.placed();
    boolean exchanged = drawn && (Seeds.ofName(seed, "order/" + id) & 1) == 1;
    ObjectNode row = ConvertedRow.of(sample, id, exchanged);
    if (drawn) {
      row.withObject("/tags").put("order", exchanged ? "exchanged" : "file");
    }
    ArrayNode images = ConvertedRow.images(row);
    for (ImageCell image : sample.images()) {
      add(images, place, image);
    }
    sink.add(row);
    samples++;
  }

  private void add(ArrayNode images, RowPlace place, ImageCell image) throws IOException {
    switch (image) {
      case ImageCell.Embedded(String _, int _, byte[] bytes) -> {
        if (where == Images.EMBED) {
          images.addObject().put("bytes", bytes);
        } else {
          images.add(relative(written(bytes)));
        }
      }
      case ImageCell.Named named -> {
        List<Path> found = finder.find(place, named);
        if (found.isEmpty()) {
          throw new RowException(
              "'" + named.column() + "' names " + named.path() + ", which is not there");
        }
        for (Path file : found) {
          if (where == Images.EMBED) {
            images.addObject().put("bytes", Files.readAllBytes(file));
          } else {
            images.add(relative(file));
          }
        }
      }
    }
  }

  /** A file named by its content: rows that share an image share the file. */
  private Path written(byte[] bytes) throws IOException {
    String end = ImageKind.of(bytes).map(ImageKind::end).orElse("bin");
    String name = HexFormat.of().toHexDigits(Fingerprint.of(bytes));
    Path file = Files.createDirectories(imageFolder).resolve(name + "." + end);
    if (!Files.exists(file)) {
      Files.write(file, bytes);
    }
    return file;
  }

  private String relative(Path file) {
    Path absolute = file.toAbsolutePath().normalize();
    return absolute.startsWith(folder)
        ? folder.relativize(absolute).toString().replace('\\', '/')
        : absolute.toString();
  }

  /** Rows read. */
  public long rows() {
    return rows;
  }

  /** Rows written, one a sample. */
  public long written() {
    return samples;
  }

  /** Rows that could not be read or written. */
  public DatasetCounts.Complaints bad() {
    return bad;
  }
}
