package krites.app;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Optional;
import krites.actors.Job;
import krites.actors.Lead;
import krites.actors.RunOutcome;
import krites.actors.RunParts;
import krites.actors.RunSettings;
import krites.app.config.ConfigReader;
import krites.app.config.ResolvedConfig;
import krites.app.config.RunConfig;
import krites.app.display.Terminal;
import krites.app.run.Resumption;
import krites.app.run.RunDirectory;
import krites.app.run.RunFileException;
import krites.app.run.RunFiles;
import krites.app.run.RunHistory;
import krites.app.run.RunLock;

/**
 * A job on the node that leads it: the folder, which nobody else may write meanwhile, and the
 * prompts.
 */
final class ClusterLead implements Lead {
  private final RunSettings settings;
  private final RunParts parts;
  private final RunDirectory directory;
  private final RunLog log;
  private final RunEnding ending;

  private ClusterLead(
      RunConfig config, Datasets datasets, Optional<Resumption> from, RunDirectory directory) {
    this.directory = directory;
    this.log = RunLog.open(directory.path().resolve(RunDirectory.LOG));
    double secondsBefore = RunHistory.secondsOf(directory.path());
    this.settings = Wiring.settings(config, from.map(Resumption::continuation));
    this.parts =
        Wiring.leadingParts(
            datasets, directory, new RunFiles(directory, System::nanoTime, secondsBefore));
    this.ending =
        new RunEnding(
            directory,
            secondsBefore,
            Terminal.plain(new PrintStream(PrintStream.nullOutputStream())));
  }

  /**
   * Opens the folder of a job, which is made unless the job goes on.
   *
   * @param again whether another process led the job before
   * @param succeeds whether this one may take the folder from it when it is not gone
   * @throws Lead.Busy if that process still does
   * @throws InputError if something given cannot be used
   */
  static ClusterLead open(Job job, boolean again, boolean succeeds) {
    ResolvedConfig resolved =
        new ConfigReader().withResolvedText("job " + job.id(), job.config()).read();
    RunConfig config = resolved.config();
    Path folder = Path.of(job.folder());
    Datasets datasets = InputError.guard(() -> Datasets.of(config));
    RunIdentity identity = InputError.guard(() -> RunIdentity.of(config));
    RunLock.Claim claim = new RunLock.Claim(job.id(), again && succeeds);
    boolean goesOn = job.resume() || again && RunDirectory.hasBegun(folder);
    try {
      Optional<Resumption> from =
          goesOn
              ? Optional.of(again ? Resumption.afterLoss(folder) : Resumption.newest(folder))
              : Optional.empty();
      RunDirectory directory = TrainingRun.open(resolved, folder, from, identity, claim);
      return new ClusterLead(config, datasets, from, directory);
    } catch (InputError | RunFileException e) {
      if (again) {
        throw new Lead.Busy(String.valueOf(e.getMessage()), e);
      }
      throw e;
    }
  }

  @Override
  public RunSettings settings() {
    return settings;
  }

  @Override
  public RunParts parts() {
    return parts;
  }

  @Override
  public Conclusion conclude(RunOutcome outcome) {
    directory.requireHeld(); // else the weights in it are another's, who goes on with the run
    Conclusion conclusion = ending.conclude(outcome);
    DjlEngines.removeWeights(directory.path().resolve(DjlEngines.WEIGHTS));
    return conclusion;
  }

  @Override
  public void close() {
    directory.close();
    log.close();
  }
}
