package krites.data.table;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The files that a name of a data set means, in the order in which their rows count. */
public final class Shards {
  /** {@code DIR/data/train-00000-of-00009.parquet} is as deep as published sets go. */
  private static final int DEPTH = 3;

  /** Of a folder, the files with the first of these ends that any file of it has. */
  private static final List<String> ENDS = List.of(".parquet", ".jsonl", ".json");

  private Shards() {}

  /**
   * The file itself, or all shards of a folder, by name. {@code FOLDER@train} means those whose
   * name, or whose folder, begins with {@code train}.
   *
   * @throws IOException if there is none; the message says what was looked for
   */
  public static List<Path> of(String name) throws IOException {
    Path place = Path.of(name);
    if (Files.isRegularFile(place)) {
      return List.of(place);
    }
    int at = name.lastIndexOf('@');
    String split = "";
    if (!Files.exists(place) && at > 0) {
      place = Path.of(name.substring(0, at));
      split = name.substring(at + 1);
    }
    if (!Files.exists(place)) {
      throw new NoSuchFileException(name);
    }
    if (Files.isRegularFile(place)) {
      return List.of(place); // a file has one split
    }
    for (String end : ENDS) {
      List<Path> found = find(place, end, split);
      if (!found.isEmpty()) {
        return found;
      }
    }
    String which = split.isEmpty() ? "" : " that begins with " + split;
    throw new IOException("holds no .parquet, .jsonl or .json file" + which);
  }

  private static List<Path> find(Path folder, String end, String split) throws IOException {
    try (Stream<Path> files = Files.walk(folder, DEPTH)) {
      return files
          .filter(Files::isRegularFile)
          .filter(file -> file.getFileName().toString().endsWith(end))
          .filter(file -> belongs(folder.relativize(file), split))
          .sorted()
          .toList();
    }
  }

  private static boolean belongs(Path file, String split) {
    for (Path part : file) {
      if (part.toString().startsWith(split)) {
        return true;
      }
    }
    return false;
  }
}
