package krites.data;

import java.nio.file.Path;

/**
 * A dataset that cannot be used. The message is one line for a person: file, place, what was
 * expected.
 */
public final class DatasetException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private static final int LONGEST = 500;

  DatasetException(Path file, String problem) {
    super(file + ": " + oneLine(problem));
  }

  DatasetException(RowPlace place, String problem) {
    super(place + ": " + oneLine(problem));
  }

  /** What a row says (a path, an id) may hold line ends, or be as long as the row. */
  private static String oneLine(String problem) {
    String line = problem.replaceAll("\\p{Cntrl}", "?");
    return line.length() <= LONGEST ? line : line.substring(0, LONGEST) + "...";
  }
}
