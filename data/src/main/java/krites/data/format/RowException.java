package krites.data.format;

/** A row that does not say what its format demands. The message names the column, not the file. */
public final class RowException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public RowException(String problem) {
    super(problem);
  }
}
