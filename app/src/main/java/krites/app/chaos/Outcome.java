package krites.app.chaos;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What a run under faults left.
 *
 * @param run its folder
 * @param start how long the beginning took
 * @param exitCode of the verb that submitted it; empty where time ran out
 * @param done faults that came, in order
 * @param unplannedEnds processes that ended though nobody had ended them, one line each
 */
record Outcome(
    Path run,
    Start start,
    Optional<Integer> exitCode,
    List<Done> done,
    List<String> unplannedEnds) {
  Outcome {
    done = List.copyOf(done);
    unplannedEnds = List.copyOf(unplannedEnds);
  }

  /**
   * The beginning.
   *
   * @param formation from the start of the processes until all were members
   * @param submitted when the process that submits the job was started
   */
  record Start(Duration formation, Instant submitted) {}

  /** A fault that came. */
  record Done(PlannedFault fault, Instant time) {}
}
