package krites.actors;

import java.util.concurrent.CompletionException;
import org.apache.pekko.actor.ActorInitializationException;
import org.apache.pekko.actor.typed.ChildFailed;

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

  /** What failed within a stage of a future: the exception, without the wrapping of the future. */
  static Throwable unwrap(Throwable failure) {
    Throwable cause = failure.getCause();
    return failure instanceof CompletionException && cause != null ? cause : failure;
  }

  /** What a child failed with, also when it was its start that failed. */
  static Throwable causeOf(ChildFailed failed) {
    Throwable thrown = failed.getCause();
    Throwable inner = thrown.getCause();
    return thrown instanceof ActorInitializationException && inner != null ? inner : thrown;
  }
}
