package krites.actors;

import java.util.List;
import krites.actors.wire.ControlMessage;

/**
 * A job on the node that leads it: its folder and its prompts. Opened and closed on a thread that
 * may block; as long as it is open, no other process can lead the job.
 */
public interface Lead extends AutoCloseable {
  /** What the run does, and where it goes on. */
  RunSettings settings();

  /** What the orchestrator and the recorder need; engines and trainer are the nodes'. */
  RunParts parts();

  /** Writes down how the run ended. */
  Conclusion conclude(RunOutcome outcome);

  @Override
  void close();

  /**
   * What a person is told of the end.
   *
   * @param exitCode of the command that submitted the job
   * @param lines for the terminal
   */
  record Conclusion(int exitCode, List<String> lines) implements ControlMessage {
    public Conclusion {
      lines = List.copyOf(lines);
    }

    /** The exit code of a command whose run failed. */
    private static final int FAILED = 3;

    static Conclusion notBegun(String reason) {
      return new Conclusion(FAILED, List.of("krites: the run failed: " + reason));
    }
  }

  /** The job cannot be led by this process now, but may be a moment later. */
  final class Busy extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public Busy(String message, Throwable cause) {
      super(message, cause);
    }
  }
}
