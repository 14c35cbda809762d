package krites.app.chaos;

import java.util.Optional;

/**
 * How fast a run was against the same without faults.
 *
 * @param stepsPerMinute that stayed in the weights, from the first step on
 * @param withoutFaults the same of the run without faults
 */
record Goodput(double stepsPerMinute, double withoutFaults) {
  /** Of two journals; empty where one of them has too few steps. */
  static Optional<Goodput> of(JournalFacts run, JournalFacts withoutFaults) {
    return run.stepsPerMinute()
        .flatMap(here -> withoutFaults.stepsPerMinute().map(there -> new Goodput(here, there)));
  }

  /** The share of the time under faults that the run without them needs for as many steps. */
  double share() {
    return stepsPerMinute / withoutFaults;
  }
}
