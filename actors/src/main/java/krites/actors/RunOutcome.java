package krites.actors;

import java.util.Optional;
import krites.grpo.record.RunSummary;

/** How a run ended. */
public sealed interface RunOutcome {
  /**
   * All steps are done.
   *
   * @param checkpoint where the last checkpoint lies
   */
  record Completed(RunSummary summary, Optional<String> checkpoint) implements RunOutcome {}

  /**
   * It was asked to stop.
   *
   * @param checkpoint where the last checkpoint lies; empty when the run was stopped before it
   *     could write one
   */
  record Stopped(RunSummary summary, Optional<String> checkpoint) implements RunOutcome {}

  /**
   * It could not go on.
   *
   * @param reason one line for a person
   * @param cause what was thrown, if something was
   * @param summary what is known about the run, if anything is
   */
  record Failed(String reason, Optional<Throwable> cause, Optional<RunSummary> summary)
      implements RunOutcome {}
}
