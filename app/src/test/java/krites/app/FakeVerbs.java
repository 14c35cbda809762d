package krites.app;

import java.io.OutputStream;
import java.io.PrintStream;
import java.util.List;
import krites.app.rewards.Rewards;

/** The command line in this process, on engines without a network. */
final class FakeVerbs {
  private FakeVerbs() {}

  /**
   * Runs a verb.
   *
   * @return the exit code
   */
  static int run(OutputStream out, OutputStream err, String... args) {
    return Main.run(
        new Main.Verbs(
            new TrainingRun.Rooms((_, _, _) -> new FakeEngines(0), Rewards::of), List.of()),
        new PrintStream(out, true),
        new PrintStream(err, true),
        args);
  }
}
