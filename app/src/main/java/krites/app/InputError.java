package krites.app;

import java.io.UncheckedIOException;
import java.util.function.Supplier;
import krites.data.DatasetException;
import krites.model.device.DeviceException;
import krites.model.safetensors.CheckpointException;

/**
 * Something the user gave cannot be used: a file, a key, an option.
 *
 * <p>The message is one line that names file, place and expectation. The command line prints it
 * without a stack trace and exits with {@link ExitCode#INPUT}.
 */
public class InputError extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public InputError(String message) {
    super(message);
  }

  public InputError(String message, Throwable cause) {
    super(message, cause);
  }

  /**
   * Checks input; see {@link #guard(Supplier)}.
   *
   * @throws InputError if the check throws for bad input
   */
  public static void check(Runnable check) {
    boolean _ =
        guard(
            () -> {
              check.run();
              return true;
            });
  }

  /**
   * Reads input; what the rooms refuse becomes an input error with their message.
   *
   * @throws InputError if the reader throws for bad input
   */
  public static <T> T guard(Supplier<T> reader) {
    try {
      return reader.get();
    } catch (InputError e) {
      throw e;
    } catch (UncheckedIOException
        | IllegalArgumentException
        | DatasetException
        | DeviceException
        | CheckpointException e) {
      throw new InputError(String.valueOf(e.getMessage()), e);
    }
  }
}
