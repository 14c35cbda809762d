package krites.simulator;

import java.util.Optional;

/** Stops a simulation at the first promise that is broken; what came of it later proves nothing. */
final class Referee {
  private Optional<BrokenPromise> first = Optional.empty();

  void broken(Promise promise, double seconds, String detail) {
    if (first.isEmpty()) {
      first = Optional.of(new BrokenPromise(promise, seconds, detail));
    }
  }

  Optional<BrokenPromise> first() {
    return first;
  }
}
