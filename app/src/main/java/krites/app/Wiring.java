package krites.app;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import krites.actors.Patience;
import krites.actors.RunParts;
import krites.actors.RunSettings;
import krites.app.config.LiveKeys;
import krites.app.config.RewardConfig;
import krites.app.config.RunConfig;
import krites.app.run.ControlFiles;
import krites.app.run.Resumption;
import krites.app.run.RunDirectory;
import krites.grpo.Sampling;
import krites.grpo.WeightUpdate;
import krites.grpo.flow.Continuation;
import krites.grpo.flow.FlowLimits;
import krites.grpo.flow.GroupFilter;
import krites.grpo.flow.RewardPolicy;
import krites.grpo.objective.AdvantageRule;
import krites.grpo.port.ControlInbox;
import krites.grpo.port.PolicyTrainer;
import krites.grpo.port.RewardFunction;
import krites.grpo.port.RunRecorder;
import krites.grpo.port.WeightVerifier;

/** Puts the rooms of a run together; each room receives the small record it needs. */
final class Wiring {
  private static final double GROUP_EPSILON = 1e-6; // as published

  private Wiring() {}

  static RunSettings settings(RunConfig config, Optional<Continuation> from) {
    RunConfig.Async async = config.async();
    return new RunSettings(
        new FlowLimits(
            config.run().steps(),
            config.rollout().groupsPerStep(),
            async.maxStaleness(),
            async.overIssue(),
            async.retryBudget(),
            async.poisonLimit()),
        sampling(config.rollout()),
        config.eval().maxNewTokens(),
        advantage(config.algorithm()),
        config.algorithm().dropFlatGroups() ? GroupFilter.FLAT : GroupFilter.OFF,
        new RunSettings.Workers(
            config.rollout().workers(),
            config.evaluators(),
            config.reward().workers(),
            config.learner().members(),
            config.rollout().restarts(),
            config.run().recoveries()),
        new RunSettings.Asynchrony(
            async.weightUpdate(), config.rollout().partialTokens(), async.hedgeFactor()),
        rewards(config.reward()),
        config.eval().everySteps(),
        config.checkpoint().everySteps(),
        config.run().seed(),
        config.log().samplesPerStep(),
        config.recording().batches(),
        new RunSettings.Live(LiveKeys.values(config), List.of()), // a resume has them in its config
        patience(config.run()),
        from);
  }

  private static Patience patience(RunConfig.Run run) {
    Duration stall = Duration.ofSeconds(run.stallSeconds());
    Duration suspect = Duration.ofSeconds(Math.min(run.suspectSeconds(), run.stallSeconds()));
    Patience usual = Patience.usual(stall);
    return new Patience(
        usual.nudge(),
        suspect,
        stall,
        usual.stopWithin(),
        switch (run.onStall()) {
          case RESTART -> Patience.OnStall.RESTART;
          case STOP -> Patience.OnStall.STOP;
        });
  }

  private static RewardPolicy rewards(RewardConfig reward) {
    return new RewardPolicy(
        Duration.ofSeconds(reward.deadlineSeconds()),
        reward.attempts(),
        reward.breakerFailures(),
        Duration.ofSeconds(reward.breakerSeconds()),
        switch (reward.onFailure()) {
          case DROP -> RewardPolicy.OnFailure.DROP;
          case DEFAULT -> RewardPolicy.OnFailure.DEFAULT;
        },
        reward.defaultReward());
  }

  /**
   * The parts of a run in one process.
   *
   * @param patience how long a run that goes back to its checkpoint waits for room on the disk
   */
  static RunParts parts(
      Datasets datasets,
      Engines engines,
      RewardFunction reward,
      RunDirectory directory,
      RunRecorder recorder,
      Duration patience,
      Optional<Resumption> from) {
    DiskRoom room = new DiskRoom(directory.path(), patience);
    Supplier<PolicyTrainer> trainer = () -> engines.trainer(from);
    return new RunParts(
        engines::rollout,
        engines::evaluator,
        trainer,
        reward,
        datasets.train(),
        datasets.evalSets(),
        recorder,
        directory.checkpointFiles(),
        engines.weights(),
        Optional.of(() -> recovery(engines, directory, room)),
        inbox(directory),
        System::nanoTime);
  }

  /**
   * The parts of a run whose engines, trainer, rewards and published weights are on other nodes.
   *
   * @param datasets whose prompts are issued
   */
  static RunParts leadingParts(Datasets datasets, RunDirectory directory, RunRecorder recorder) {
    return new RunParts(
        worker -> {
          throw new IllegalStateException("rollout workers are on other nodes");
        },
        evaluator -> {
          throw new IllegalStateException("evaluators are on other nodes");
        },
        () -> {
          throw new IllegalStateException("the learner is on another node");
        },
        (prompt, response) -> {
          throw new IllegalStateException("reward workers are on other nodes");
        },
        datasets.train(),
        datasets.evalSets(),
        recorder,
        (state, trainer) -> {
          throw new IllegalStateException("checkpoints are written by the learner's node");
        },
        NoWeights.HERE,
        Optional.of(
            () -> {
              Resumption from = Resumption.afterLoss(directory.path());
              directory.rewind(from.state());
              return Optional.of(
                  new RunParts.Recovery(
                      from.continuation(),
                      () -> {
                        throw new IllegalStateException("the learner is on another node");
                      }));
            }),
        inbox(directory),
        System::nanoTime);
  }

  /** Published weights are the parameter server's, on its own node. */
  private enum NoWeights implements WeightVerifier {
    HERE;

    @Override
    public void verify(WeightUpdate update) {
      throw new IllegalStateException("the parameter server is on another node");
    }

    @Override
    public void retire(WeightUpdate update) {
      throw new IllegalStateException("the parameter server is on another node");
    }
  }

  /** Requests of {@code krites set}; what is granted goes into the configuration of a resume. */
  private static ControlInbox inbox(RunDirectory directory) {
    Path config = directory.path().resolve(RunDirectory.CONFIG);
    return new ControlFiles(
        directory.path(),
        (key, value) -> LiveKeys.setting(config, key, value),
        setting -> directory.writeConfig(LiveKeys.changed(config, setting).text()));
  }

  /**
   * All actors are gone. The newest checkpoint, with the growing files but the journal cut back to
   * it.
   */
  private static Optional<RunParts.Recovery> recovery(
      Engines engines, RunDirectory directory, DiskRoom room) {
    engines.forgetPublished();
    room.await(engines.diskBytes());
    Resumption from = Resumption.afterLoss(directory.path());
    directory.rewind(from.state());
    return Optional.of(
        new RunParts.Recovery(from.continuation(), () -> engines.trainer(Optional.of(from))));
  }

  static Sampling sampling(RunConfig.Rollout rollout) {
    return new Sampling(
        rollout.groupSize(),
        (float) rollout.temperature(),
        (float) rollout.topP(),
        rollout.topK(),
        (float) rollout.repetitionPenalty(),
        rollout.maxNewTokens(),
        rollout.stopStrings());
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
