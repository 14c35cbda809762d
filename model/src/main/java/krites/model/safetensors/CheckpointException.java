package krites.model.safetensors;

import java.nio.file.Path;

/**
 * A checkpoint on disk that is not what it should be; the message is one line for the person who
 * made it.
 */
public final class CheckpointException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public CheckpointException(String message) {
    super(message);
  }

  public CheckpointException(String message, Throwable cause) {
    super(message, cause);
  }

  /**
   * A difference between what a file should hold and what it holds.
   *
   * @param file the file
   * @param place where in it: a tensor name, or a word such as {@code header}
   * @param expected what should be there
   * @param seen what is there
   */
  public static CheckpointException mismatch(
      Path file, String place, String expected, String seen) {
    return new CheckpointException(
        oneLine(file + ": " + place + ": expected " + expected + ", seen " + seen));
  }

  /**
   * As {@link #mismatch(Path, String, String, String)}, with what to do about it.
   *
   * @param remedy a clause such as {@code copy the file again}
   */
  public static CheckpointException mismatch(
      Path file, String place, String expected, String seen, String remedy) {
    return new CheckpointException(
        oneLine(file + ": " + place + ": expected " + expected + ", seen " + seen) + "; " + remedy);
  }

  static String oneLine(String text) {
    int end = text.indexOf('\n');
    return end < 0 ? text : text.substring(0, end);
  }
}
