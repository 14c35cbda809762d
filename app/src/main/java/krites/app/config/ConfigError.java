package krites.app.config;

import krites.app.InputError;

/**
 * A configuration that cannot be used; the message names the place, the key and what was expected.
 */
public final class ConfigError extends InputError {
  private static final long serialVersionUID = 1L;

  public ConfigError(String message) {
    super(message);
  }

  public ConfigError(String message, Throwable cause) {
    super(message, cause);
  }
}
