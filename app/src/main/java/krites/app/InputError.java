package krites.app;

/**
 * Something the user gave cannot be used: a file, a key, an option.
 *
 * <p>The message is one line that names file, place and expectation. The command line prints it without a stack trace
 * and exits with {@link ExitCode#INPUT}.
 */
public class InputError extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public InputError(String message) {
    super(message);
  }

  public InputError(String message, Throwable cause) {
    super(message, cause);
  }
}
