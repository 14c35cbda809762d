package krites.data.report;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import krites.data.ImageFinder;
import krites.data.RowPlace;
import krites.data.format.ImageCell;
import krites.data.format.Sample;

/**
 * Fingerprints of images by their bytes; a file that many rows name is read once. An image that is
 * not there has none.
 */
final class ImageFingerprints {
  private final ImageFinder finder;
  private final Map<Path, Long> files = new HashMap<>();
  private long missing;

  ImageFingerprints(ImageFinder finder) {
    this.finder = finder;
  }

  List<Long> of(RowPlace place, Sample sample) {
    List<Long> prints = new ArrayList<>();
    for (ImageCell image : sample.images()) {
      switch (image) {
        case ImageCell.Embedded(String _, int _, byte[] bytes) -> prints.add(Fingerprint.of(bytes));
        case ImageCell.Named named -> {
          List<Path> found = finder.find(place, named);
          missing += found.isEmpty() ? 1 : 0;
          for (Path file : found) {
            prints.add(files.computeIfAbsent(file, ImageFingerprints::read));
          }
        }
      }
    }
    return prints;
  }

  private static long read(Path file) {
    try {
      return Fingerprint.of(Files.readAllBytes(file));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + file + ": " + e.getMessage(), e);
    }
  }

  /** Images that were not found. */
  long missing() {
    return missing;
  }
}
