package krites.transfer;

import java.io.IOException;

/** A transfer that cannot go on; the message names the peer or the file, and the deed. */
public final class TransferException extends IOException {
  private static final long serialVersionUID = 1L;

  public TransferException(String message) {
    super(message);
  }

  public TransferException(String message, Throwable cause) {
    super(message, cause);
  }
}
