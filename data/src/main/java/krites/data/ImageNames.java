package krites.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import krites.data.format.ImageCell;
import krites.data.format.ImageKind;
import krites.data.format.RowException;
import krites.grpo.ImageRef;

/**
 * The names under which a run reads the images of a row: absolute paths, and for images within a
 * row the row's place.
 *
 * @param folder what relative paths begin at; empty for the folder of each file
 */
public record ImageNames(Optional<Path> folder) {
  /** A video is shown by at most so many of its frames, evenly spread. */
  static final int FRAMES = 8;

  /** The columns whose paths are folders of frames. */
  private static final String VIDEO = "video";

  /** Some sets name an image by its hash, and its file by the hash and an end. */
  private static final List<String> ENDS = List.of("", ".jpg", ".png", ".jpeg", ".webp");

  /**
   * Names of all images of a sample, in order.
   *
   * @throws RowException if a file is not there or is no image
   */
  public List<ImageRef> of(RowPlace place, List<ImageCell> cells) {
    List<ImageRef> names = new ArrayList<>();
    for (ImageCell cell : cells) {
      switch (cell) {
        case ImageCell.Embedded(String column, int index, byte[] _) ->
            names.add(EmbeddedImages.name(place.file(), place.position(), column, index));
        case ImageCell.Named named when named.column().equals(VIDEO) ->
            frames(resolve(place, named), named).forEach(frame -> names.add(ref(frame)));
        case ImageCell.Named named -> names.add(ref(file(place, named)));
      }
    }
    return names;
  }

  /** The file of an image, or the frames of a video that are shown; empty if it is not there. */
  List<Path> find(RowPlace place, ImageCell.Named named) {
    Path path = resolve(place, named);
    if (named.column().equals(VIDEO)) {
      return Files.isDirectory(path) ? frames(path, named) : List.of();
    }
    return ENDS.stream()
        .map(end -> path.resolveSibling(path.getFileName() + end))
        .filter(Files::isRegularFile)
        .findFirst()
        .map(List::of)
        .orElse(List.of());
  }

  private static ImageRef ref(Path path) {
    return new ImageRef(path.toString());
  }

  private Path file(RowPlace place, ImageCell.Named named) {
    Path path = resolve(place, named);
    List<Path> found = find(place, named);
    if (found.isEmpty()) {
      throw trouble(named, path, "which is not a file; set data.images");
    }
    Path file = found.getFirst();
    if (!beginsLikeAnImage(file)) {
      throw trouble(named, file, "which is no " + ImageKind.EXPECTED);
    }
    return file;
  }

  private Path resolve(RowPlace place, ImageCell.Named named) {
    try {
      Path base = folder.orElseGet(() -> place.file().toAbsolutePath().resolveSibling(""));
      Path path = base.resolve(named.path()).toAbsolutePath().normalize();
      if (path.getFileName() == null) {
        throw trouble(named, path, "which is not a file");
      }
      return path;
    } catch (InvalidPathException e) {
      throw new RowException("'" + named.column() + "' is no path of an image: " + e.getReason());
    }
  }

  private static List<Path> frames(Path folder, ImageCell.Named named) {
    if (!Files.isDirectory(folder)) {
      throw trouble(named, folder, "which is not a folder of frames");
    }
    try (Stream<Path> files = Files.list(folder)) {
      List<Path> all =
          files
              .filter(Files::isRegularFile)
              .filter(ImageNames::beginsLikeAnImage)
              .sorted()
              .toList();
      if (all.isEmpty()) {
        throw trouble(named, folder, "which holds no frame");
      }
      int shown = Math.min(FRAMES, all.size());
      List<Path> spread = new ArrayList<>();
      for (int i = 0; i < shown; i++) {
        spread.add(all.get(i * all.size() / shown));
      }
      return spread;
    } catch (IOException e) {
      throw trouble(named, folder, "which cannot be read: " + e.getMessage());
    }
  }

  /** Looks at the first bytes, since file names lie. */
  private static boolean beginsLikeAnImage(Path image) {
    try (InputStream in = Files.newInputStream(image)) {
      return ImageKind.of(in.readNBytes(ImageKind.START_BYTES)).isPresent();
    } catch (IOException e) {
      throw new RowException("image " + image + " cannot be read: " + e.getMessage());
    }
  }

  private static RowException trouble(ImageCell.Named named, Path path, String what) {
    return new RowException("'" + named.column() + "' names " + path + ", " + what);
  }
}
