package krites.app.answer;

/** The user stopped the work; nothing failed. */
public final class Stopped extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public Stopped() {
    super("stopped", null, false, false);
  }
}
