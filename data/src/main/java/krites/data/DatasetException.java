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

  /** A file that cannot be used, for readers of other rooms. */
  public static DatasetException of(Path file, String problem) {
    return new DatasetException(file, problem);
  }

  /** A row that cannot be used, for readers of other rooms. */
  public static DatasetException of(RowPlace place, String problem) {
    return new DatasetException(place, problem);
  }

  /** What a row says (a path, an id) may hold line ends, or be as long as the row. */
  private static String oneLine(String problem) {
    String line = problem.replaceAll("\\p{Cntrl}", "?");
    return line.length() <= LONGEST ? line : line.substring(0, LONGEST) + "...";
  }
}
