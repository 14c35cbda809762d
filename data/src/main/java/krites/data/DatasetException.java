package krites.data;

import java.nio.file.Path;

/**
 * A dataset that cannot be used. The message is one line for a person: file, place, what was
 * expected.
 */
public final class DatasetException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  DatasetException(Path file, String problem) {
    super(file + ": " + problem);
  }

  DatasetException(Path file, int line, String problem) {
    super(file + ", line " + line + ": " + problem);
  }
}
