package krites.app;

import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import krites.app.config.ConfigReader;
import krites.app.config.RunConfig;
import krites.app.run.BatchFiles;
import krites.app.run.NewFolder;
import krites.app.run.ScratchFolder;
import krites.grpo.PolicyVersion;
import krites.grpo.StepReport;
import krites.grpo.TrainingBatch;
import krites.grpo.WeightUpdate;
import krites.grpo.flow.ReplayPlan;
import krites.grpo.port.PolicyTrainer;

/**
 * Makes the weights of a run again from its recorded batches, and compares each version with what
 * the journal says of it.
 *
 * <p>Each part of the plan is trained under the settings that its term began with; live changes are
 * in the batches. Between two parts the trainer is saved and loaded, as the run did it. Everything
 * happens on the calling thread.
 */
final class ReplayRun {
  private final BatchFiles batches;
  private final ReplayPlan plan;
  private final Engines.Factory factory;
  private final Optional<Path> result;
  private final PrintStream out;
  private long identical;
  private long untold;

  /** Two versions that should be the same are not; the message is one line for a person. */
  static final class Difference extends Exception {
    private static final long serialVersionUID = 1L;

    Difference(String message) {
      super(message);
    }
  }

  /**
   * @param folder of the run
   * @param plan the steps to make again
   * @param result where the last weights are written as a checkpoint; empty for nowhere
   * @param out where each step is told
   */
  ReplayRun(
      Path folder,
      ReplayPlan plan,
      Engines.Factory factory,
      Optional<Path> result,
      PrintStream out) {
    this.batches = new BatchFiles(folder);
    this.plan = plan;
    this.factory = factory;
    this.result = result;
    this.out = out;
  }

  /** Steps whose weights have the digest of the journal. */
  long identical() {
    return identical;
  }

  /** Steps whose digest the journal does not tell. */
  long untold() {
    return untold;
  }

  /**
   * Replays the whole plan.
   *
   * @throws Difference at the first version that differs
   * @throws InputError if a batch or a setting is missing or damaged
   */
  void run() throws Difference {
    try (ScratchFolder scratch = ScratchFolder.make("krites-replay")) {
      Optional<Path> saved = Optional.empty();
      List<ReplayPlan.Part> parts = plan.parts();
      for (int i = 0; i < parts.size(); i++) {
        Path place = scratch.path().resolve("part-" + i);
        boolean last = i == parts.size() - 1;
        saved = Optional.of(replay(parts.get(i), saved, place, last));
      }
    }
  }

  /** Replays a part and returns where its last weights lie. */
  private Path replay(ReplayPlan.Part part, Optional<Path> saved, Path place, boolean last)
      throws Difference {
    RunConfig config =
        new ConfigReader().withResolvedFile(batches.settings(part.start().term())).read().config();
    Datasets datasets = InputError.guard(() -> Datasets.of(config));
    try (Engines engines =
            InputError.guard(() -> factory.create(config, datasets.images(), place));
        PolicyTrainer trainer = InputError.guard(() -> engines.trainer(saved, part.start()))) {
      WeightUpdate current = trainer.publish();
      compareStart(part, current);
      for (ReplayPlan.Step step : part.steps()) {
        train(trainer, step);
        WeightUpdate next = trainer.publish();
        engines.weights().retire(current);
        current = next;
        compare(step, current);
      }
      engines.weights().retire(current);
      Path end = place.resolve("end");
      if (last) {
        result.ifPresent(path -> NewFolder.write(path, trainer::save));
      } else {
        trainer.save(made(end));
      }
      return end;
    }
  }

  private void train(PolicyTrainer trainer, ReplayPlan.Step step) throws Difference {
    TrainingBatch batch = batches.read(step.step(), step.policy().term());
    List<Long> ids = batch.groups().stream().map(group -> group.group().id()).toList();
    if (!batch.policy().equals(step.policy()) || !ids.equals(step.groupIds())) {
      throw new Difference(
          "step "
              + step.step()
              + ": the journal trained "
              + step.policy()
              + " with groups "
              + step.groupIds()
              + ", the recorded batch is for "
              + batch.policy()
              + " with groups "
              + ids);
    }
    InputError.guard(() -> trained(trainer, batch));
  }

  private static StepReport trained(PolicyTrainer trainer, TrainingBatch batch) {
    trainer.begin(batch);
    Optional<StepReport> report = Optional.empty();
    while (report.isEmpty()) {
      report = trainer.advance();
    }
    return report.get();
  }

  private void compareStart(ReplayPlan.Part part, WeightUpdate start) throws Difference {
    if (!part.digest().orElse(start.digest()).equals(start.digest())) {
      throw new Difference(
          differs(part.start(), part.digest(), start)
              + "; these are the weights that the replay started with: is model.path still the model"
              + " that the run had?");
    }
  }

  private void compare(ReplayPlan.Step step, WeightUpdate made) throws Difference {
    if (step.digest().isEmpty()) {
      untold++;
      out.println("step " + step.step() + "  " + step.version() + "  not in the journal");
      return;
    }
    if (!step.digest().get().equals(made.digest())) {
      throw new Difference(
          "step "
              + step.step()
              + ": "
              + differs(step.version(), step.digest(), made)
              + (identical == 0 ? "" : "; the " + identical + " steps before it are identical"));
    }
    identical++;
    out.println("step " + step.step() + "  " + step.version() + "  identical");
  }

  private static String differs(
      PolicyVersion version, Optional<String> expected, WeightUpdate made) {
    return "the weights of "
        + version
        + " differ: the journal has digest "
        + expected.orElse("")
        + ", the replay made "
        + made.digest();
  }

  private static Path made(Path path) {
    try {
      return Files.createDirectories(path);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot create " + path + ": " + e.getMessage(), e);
    }
  }
}
