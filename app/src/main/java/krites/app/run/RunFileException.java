package krites.app.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * A file of the run folder could not be written or read; the message names the deed, the file and
 * the reason.
 */
public final class RunFileException extends UncheckedIOException {
  private static final long serialVersionUID = 1L;

  public RunFileException(String deed, Path file, IOException cause) {
    super(message(deed, file, cause), cause);
  }

  /**
   * @param comfort what is not lost
   */
  RunFileException(String deed, Path file, IOException cause, String comfort) {
    super(message(deed, file, cause) + "; " + comfort, cause);
  }

  /** The same trouble, met again. */
  RunFileException(RunFileException before) {
    super(before.getMessage(), before.getCause());
  }

  /** The message that such an exception has. */
  static String message(String deed, Path file, IOException cause) {
    return "cannot " + deed + " " + file + ": " + reason(cause);
  }

  private static String reason(IOException cause) {
    return switch (cause) {
      case AccessDeniedException _ -> "permission denied";
      case NoSuchFileException _ -> "no such file or folder";
      case FileSystemException e when e.getReason() != null -> e.getReason();
      default -> String.valueOf(cause.getMessage());
    };
  }
}
