package krites.app;

import com.typesafe.config.ConfigFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.BiFunction;
import krites.actors.KritesRun;
import krites.actors.RunHandle;
import krites.actors.RunOutcome;
import krites.actors.RunParts;
import krites.app.config.ResolvedConfig;
import krites.app.config.RewardConfig;
import krites.app.config.RunConfig;
import krites.app.display.ProgressDisplay;
import krites.app.display.Terminal;
import krites.app.run.Resumption;
import krites.app.run.RunDirectory;
import krites.app.run.RunFiles;
import krites.app.run.RunHistory;
import krites.app.run.RunLock;
import krites.grpo.port.ImageStore;
import krites.grpo.port.RewardFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One training run from checked inputs to its summary.
 *
 * <p>Everything that can be wrong with the input is found before the run's folder is made.
 */
final class TrainingRun {
  private static final Logger LOG = LoggerFactory.getLogger(TrainingRun.class);

  /** The rooms that a run can be made of; tests put fakes here. */
  record Rooms(
      Engines.Factory engines, BiFunction<RewardConfig, ImageStore, RewardFunction> reward) {}

  private final ResolvedConfig resolved;
  private final Path folder;
  private final Optional<Resumption> from;
  private final Rooms rooms;
  private final Terminal terminal;

  /**
   * @param folder of the run
   * @param from where to go on; empty for a new run
   */
  TrainingRun(
      ResolvedConfig resolved,
      Path folder,
      Optional<Resumption> from,
      Rooms rooms,
      Terminal terminal) {
    this.resolved = resolved;
    this.folder = folder;
    this.from = from;
    this.rooms = rooms;
    this.terminal = terminal;
  }

  /**
   * Runs to the end, or until it is interrupted.
   *
   * @return the exit code
   * @throws InputError if something given cannot be used; nothing was written then
   * @throws RunFailed if the run ended without reaching its last step
   */
  int run() {
    RunConfig config = resolved.config();
    Datasets datasets = InputError.guard(() -> Datasets.of(config));
    RewardFunction reward = rooms.reward().apply(config.reward(), datasets.images());
    try (Engines engines =
            InputError.guard(() -> rooms.engines().create(config, datasets.images(), folder));
        RunDirectory directory =
            open(
                resolved,
                folder,
                from,
                InputError.guard(() -> RunIdentity.of(config)),
                RunLock.Claim.ofThisProcess());
        RunLog _ = RunLog.open(folder.resolve(RunDirectory.LOG))) {
      return run(config, datasets, engines, reward, directory);
    }
  }

  /**
   * Makes the folder of a run, or takes up the one that it goes on in.
   *
   * @param identity of what the run depends on
   * @param claim who writes the folder
   * @throws InputError if what the run depends on is not what it was
   */
  static RunDirectory open(
      ResolvedConfig resolved,
      Path folder,
      Optional<Resumption> from,
      RunIdentity identity,
      RunLock.Claim claim) {
    RunConfig config = resolved.config();
    int keep = config.checkpoint().keep();
    if (from.isPresent()) {
      identity.requireSameAs(folder);
      return RunDirectory.resume(
          folder, resolved.text(), keep, config.journal(), from.get(), claim);
    }
    RunDirectory directory =
        RunDirectory.create(folder, resolved.text(), keep, config.journal(), claim);
    directory.writeIdentity(identity.values());
    return directory;
  }

  private int run(
      RunConfig config,
      Datasets datasets,
      Engines engines,
      RewardFunction reward,
      RunDirectory directory) {
    double secondsBefore = RunHistory.secondsOf(folder);
    long stepsBefore = from.map(resumption -> resumption.state().step()).orElse(0L);
    ProgressDisplay display =
        new ProgressDisplay(
            terminal,
            InstantSource.system(),
            config.run().steps(),
            stepsBefore,
            RunHistory.newestOf(folder));
    display.note(
        (from.isPresent() ? "going on after step " + stepsBefore + " in " : "run folder ")
            + folder);
    datasets.notes().forEach(display::note);
    RunObserver observer =
        new RunObserver(
            new RunFiles(directory, System::nanoTime, secondsBefore),
            display,
            datasets.evalSets().keySet());
    Duration patience = Duration.ofSeconds(config.run().stallSeconds());
    RunParts parts = Wiring.parts(datasets, engines, reward, directory, observer, patience, from);
    LOG.info("run {} begins after step {} of {}", folder, stepsBefore, config.run().steps());
    RunHandle handle =
        KritesRun.start(
            Wiring.settings(config, from.map(Resumption::continuation)),
            parts,
            ConfigFactory.empty());
    try (Interrupts _ = Interrupts.listen(() -> stop(handle, display))) {
      RunOutcome outcome = handle.outcome().toCompletableFuture().join();
      display.end();
      return RunEnding.tell(
          new RunEnding(directory, secondsBefore, terminal).conclude(outcome), terminal);
    }
  }

  private static void stop(RunHandle handle, ProgressDisplay display) {
    display.note("stopping after a checkpoint; Ctrl-C again ends at once");
    handle.stop();
  }
}
