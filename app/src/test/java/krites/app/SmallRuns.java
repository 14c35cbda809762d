package krites.app;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Options of runs that train the shipped network for a few steps, in seconds. */
final class SmallRuns {
  private SmallRuns() {}

  /**
   * Few and short responses, and one held-out pair.
   *
   * @param more settings, as {@code key=value}; they win
   */
  static List<String> with(String... more) {
    return Stream.concat(
            Stream.of(
                "model.path=" + Path.of("..").resolve(ModelFolder.SHIPPED),
                "rollout.groups-per-step=2",
                "rollout.group-size=2",
                "rollout.max-new-tokens=8",
                "eval.every-steps=0",
                "eval.max-new-tokens=1",
                "eval.critic-items=1",
                "eval.policy-items=0"),
            Stream.of(more))
        .flatMap(assignment -> Stream.of("--set", assignment))
        .toList();
  }
}
