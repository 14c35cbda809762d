package krites.app.chaos;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What a run under faults left.
 *
 * @param run its folder
 * @param exitCode of the verb that submitted it; empty where time ran out
 * @param done faults that came, in order
 * @param unplannedEnds processes that ended though nobody had ended them, one line each
 */
record Outcome(Path run, Optional<Integer> exitCode, List<Done> done, List<String> unplannedEnds) {
  Outcome {
    done = List.copyOf(done);
    unplannedEnds = List.copyOf(unplannedEnds);
  }

  /** A fault that came. */
  record Done(PlannedFault fault, Instant time) {}
}
