package krites.app;

import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import krites.app.run.JournalReader;
import krites.app.run.RunDirectory;
import krites.grpo.flow.ReplayPlan;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code krites replay}: the weights of a run once more, bit for bit. */
@Command(
    name = "replay",
    description =
        "Trains the recorded batches of a run again in the order of its journal, without any rollout,"
            + " and compares each version with the journal's digest. Steps that a resume undid are"
            + " left out. Needs record.batches = true in the run.",
    footer = {
      "",
      "The bits are the same on the same machine with the same number of threads.",
      "Exit code 1 at the first difference, 2 if something is missing or damaged.",
      "",
      "Examples:",
      "  krites replay runs/look",
      "  krites replay runs/look --to 40 --out models/look-40"
    })
final class ReplayCommand implements Callable<Integer> {
  private final PrintStream out;
  private final Engines.Factory factory;

  @Parameters(paramLabel = "RUN_DIR", description = "The folder of the run.")
  private Path folder = Path.of("");

  @Option(names = "--to", paramLabel = "STEP", description = "The last step. Default: all steps.")
  private long to = Long.MAX_VALUE;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Writes the last weights there, as a checkpoint's model directory.")
  private @Nullable Path result;

  ReplayCommand(PrintStream out, Engines.Factory factory) {
    this.out = out;
    this.factory = factory;
  }

  @Override
  public Integer call() {
    RunDirectory.requireRun(folder);
    if (result != null && Files.exists(result)) {
      throw new InputError("--out " + result + ": it exists already");
    }
    ReplayPlan whole = plan();
    long steps = whole.steps().size();
    if (to != Long.MAX_VALUE && (to < 0 || to > steps)) {
      throw new InputError("--to " + to + ": expected a step from 0 to " + steps);
    }
    ReplayRun replay =
        new ReplayRun(folder, whole.upTo(to), factory, Optional.ofNullable(result), out);
    try {
      replay.run();
    } catch (ReplayRun.Difference difference) {
      out.println("DIFFERENT  " + difference.getMessage());
      return ExitCode.CHECK_FAILED;
    }
    out.println(
        replay.identical()
            + " steps replayed, all identical"
            + (replay.untold() == 0
                ? ""
                : "; " + replay.untold() + " more without a digest in the journal"));
    if (result != null) {
      out.println("weights: " + result);
    }
    return ExitCode.OK;
  }

  private ReplayPlan plan() {
    Path journal = folder.resolve(RunDirectory.EVENTS);
    ReplayPlan.Reader plan = new ReplayPlan.Reader();
    try (JournalReader reader = JournalReader.open(journal)) {
      for (var next = reader.next(); next.isPresent(); next = reader.next()) {
        plan.read(next.get().event());
      }
      return plan.plan();
    } catch (IllegalArgumentException e) {
      throw new InputError(journal + ": " + e.getMessage() + " (see krites audit)", e);
    }
  }
}
