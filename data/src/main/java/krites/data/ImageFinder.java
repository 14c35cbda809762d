package krites.data;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import krites.data.format.ImageCell;

/** Finds the file of an image that a row names. */
@FunctionalInterface
public interface ImageFinder {
  /** The file, or the frames of a video that are shown; empty if it is not there. */
  List<Path> find(RowPlace place, ImageCell.Named named);

  /**
   * The finder of a run.
   *
   * @param folder what relative paths begin at; empty for the folder of each file
   */
  static ImageFinder of(Optional<Path> folder) {
    return new ImageNames(folder)::find;
  }
}
