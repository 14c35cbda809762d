package krites.grpo.port;

import java.util.List;
import krites.grpo.flow.LiveSetting;

/**
 * Where requests to change a running job come from. One caller at a time; it may block on files.
 */
public interface ControlInbox {
  /**
   * A request that was understood.
   *
   * @param id names it, for the answer
   * @param setting what is to change
   */
  record Request(String id, LiveSetting setting) {}

  /**
   * The requests that came since the last call, oldest first; those not understood were answered.
   */
  List<Request> poll();

  /**
   * Tells whoever asked what became of a request.
   *
   * @param accepted whether the change is in force
   * @param message one line for a person
   */
  void answer(String id, boolean accepted, String message);

  /** An inbox in which nothing ever lies. */
  static ControlInbox none() {
    return new ControlInbox() {
      @Override
      public List<Request> poll() {
        return List.of();
      }

      @Override
      public void answer(String id, boolean accepted, String message) {}
    };
  }
}
