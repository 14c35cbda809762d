package krites.actors;

import java.util.concurrent.CompletionStage;

/** A run that was started. */
public interface RunHandle {
  /** Completes when the run has ended and its actors are gone; it never completes exceptionally. */
  CompletionStage<RunOutcome> outcome();

  /**
   * Asks for an early end with a checkpoint of the last completed step. Asking twice changes
   * nothing.
   */
  void stop();
}
