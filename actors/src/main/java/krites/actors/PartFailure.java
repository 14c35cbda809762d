package krites.actors;

import java.util.function.Supplier;

/**
 * A part of the run could not be made. Trying again would not help (a missing file, a missing
 * library), so the run ends at once; the cause says why.
 */
final class PartFailure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private PartFailure(String part, Throwable cause) {
    super(part + ": " + Reasons.of(cause), cause);
  }

  private PartFailure(String reason) {
    super(reason);
  }

  /** A part could not be made on another node. */
  static PartFailure elsewhere(String reason) {
    return new PartFailure(reason);
  }

  /**
   * Makes a part; native libraries that cannot be loaded count as its failure and not as the end of
   * the JVM.
   */
  static <T> T guard(String part, Supplier<T> factory) {
    try {
      return factory.get();
    } catch (RuntimeException | LinkageError failure) {
      throw new PartFailure(part, failure);
    }
  }
}
