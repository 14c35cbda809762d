package krites.actors;

/** Exceptions as one line for a person. */
final class Reasons {
  private Reasons() {}

  /** The message of an exception in one line, or the name of its class where it has none. */
  static String of(Throwable failure) {
    String message = failure.getMessage();
    return message == null || message.isBlank()
        ? failure.getClass().getSimpleName()
        : message.strip().replaceAll("\\s*\\R\\s*", " ");
  }
}
