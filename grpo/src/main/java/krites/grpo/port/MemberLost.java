package krites.grpo.port;

/**
 * A learner cannot go on with its members as they are: another one is gone, is silent, or sent what
 * cannot be right. The message says which and why.
 */
public final class MemberLost extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public MemberLost(String message) {
    super(message);
  }

  public MemberLost(String message, Throwable cause) {
    super(message, cause);
  }
}
