package krites.app.answer;

import krites.app.Interrupts;

/** Whether the user pressed Ctrl-C since this was opened. */
public final class StopSignal implements AutoCloseable {
  private final Interrupts interrupts = Interrupts.listen(() -> this.asked = true);
  private volatile boolean asked;

  public boolean asked() {
    return asked;
  }

  @Override
  public void close() {
    interrupts.close();
  }
}
