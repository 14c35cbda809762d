package krites.app;

import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;
import krites.actors.RunParts;
import krites.actors.RunSettings;
import krites.app.Engines.Resumption;
import krites.app.config.RunConfig;
import krites.app.run.CheckpointFiles;
import krites.app.run.RunDirectory;
import krites.grpo.Sampling;
import krites.grpo.flow.GroupFilter;
import krites.grpo.flow.RunState;
import krites.grpo.objective.AdvantageRule;
import krites.grpo.port.PolicyTrainer;
import krites.grpo.port.RewardFunction;
import krites.grpo.port.RunRecorder;

/** Puts the rooms of a run together; each room receives the small record it needs. */
final class Wiring {
  /** A stop is complete within this, so that the process ends within 10 s of Ctrl-C. */
  private static final Duration STOP_WITHIN = Duration.ofSeconds(8);

  private static final double GROUP_EPSILON = 1e-6; // as published

  private Wiring() {}

  static RunSettings settings(RunConfig config, Optional<RunState> from) {
    return new RunSettings(
        config.run().steps(),
        config.rollout().groupsPerStep(),
        sampling(config.rollout()),
        config.eval().maxNewTokens(),
        config.async().maxStaleness(),
        advantage(config.algorithm()),
        config.algorithm().dropFlatGroups() ? GroupFilter.FLAT : GroupFilter.OFF,
        config.rollout().workers(),
        config.reward().workers(),
        config.eval().everySteps(),
        config.checkpoint().everySteps(),
        config.run().seed(),
        config.log().samplesPerStep(),
        config.rollout().restarts(),
        Duration.ofSeconds(config.run().stallSeconds()),
        STOP_WITHIN,
        from);
  }

  static RunParts parts(
      Datasets datasets,
      Engines engines,
      RewardFunction reward,
      RunDirectory directory,
      RunRecorder recorder,
      Optional<Resumption> from) {
    Supplier<PolicyTrainer> trainer = () -> engines.trainer(from);
    return new RunParts(
        engines::rollout,
        trainer,
        reward,
        datasets.train(),
        datasets.evalSets(),
        recorder,
        new CheckpointFiles(directory.checkpoints()),
        engines.weights(),
        Optional.of(() -> recovery(engines, directory)),
        System::nanoTime);
  }

  /** The newest checkpoint, with the growing files cut back to it. */
  private static Optional<RunParts.Recovery> recovery(Engines engines, RunDirectory directory) {
    return directory
        .checkpoints()
        .latest()
        .map(
            checkpoint -> {
              Resumption from = new Resumption(checkpoint, CheckpointFiles.read(checkpoint));
              directory.rewind(from.state());
              return new RunParts.Recovery(from.state(), () -> engines.trainer(Optional.of(from)));
            });
  }

  private static Sampling sampling(RunConfig.Rollout rollout) {
    return new Sampling(
        rollout.groupSize(),
        (float) rollout.temperature(),
        (float) rollout.topP(),
        rollout.topK(),
        (float) rollout.repetitionPenalty(),
        rollout.maxNewTokens());
  }

  private static AdvantageRule advantage(RunConfig.Algorithm algorithm) {
    return switch (algorithm.advantage()) {
      case GRPO -> AdvantageRule.Standardised.published();
      case CENTRED -> new AdvantageRule.Centred();
      case LEAVE_ONE_OUT -> new AdvantageRule.LeaveOneOut();
      case BEST_ONLY -> new AdvantageRule.BestOnly(GROUP_EPSILON);
    };
  }
}
