package krites.actors;

import java.time.Duration;
import java.util.Optional;
import krites.grpo.Sampling;
import krites.grpo.flow.FlowLimits;
import krites.grpo.flow.GroupFilter;
import krites.grpo.flow.RewardPolicy;
import krites.grpo.flow.RunState;
import krites.grpo.objective.AdvantageRule;

/**
 * What a run does; nothing in it depends on a device.
 *
 * @param steps training steps of the whole run, those before a resume included
 * @param groupsPerStep groups in one batch
 * @param sampling how training responses are drawn; at least two per group
 * @param evalMaxNewTokens length limit of the greedy responses of evaluations
 * @param maxStaleness versions that a trained token may be old; 0 is synchronous
 * @param advantage how rewards become advantages
 * @param filter which scored groups are not trained
 * @param rolloutWorkers rollout workers
 * @param rewardWorkers reward workers
 * @param evalEverySteps steps between evaluations; 0 evaluates only before the first and after the
 *     last step
 * @param checkpointEverySteps steps between checkpoints; 0 writes only the last one
 * @param runSeed the seed that all others derive from
 * @param samplesPerStep responses recorded as text for each step
 * @param workerRestarts how often a dead rollout or reward worker is replaced in a run, all workers
 *     together
 * @param stallAfter the run fails when nothing moved for this long
 * @param stopWithin a stop is completed within this time, with or without a last checkpoint
 * @param startState where to go on; empty for a new run
 * @param rewards how long rewards are waited for, and what becomes of groups without one
 */
public record RunSettings(
    long steps,
    int groupsPerStep,
    Sampling sampling,
    int evalMaxNewTokens,
    int maxStaleness,
    AdvantageRule advantage,
    GroupFilter filter,
    int rolloutWorkers,
    int rewardWorkers,
    long evalEverySteps,
    long checkpointEverySteps,
    long runSeed,
    int samplesPerStep,
    int workerRestarts,
    Duration stallAfter,
    Duration stopWithin,
    Optional<RunState> startState,
    RewardPolicy rewards) {

  public RunSettings {
    new FlowLimits(steps, groupsPerStep, maxStaleness); // refuses impossible limits
    requireAtLeast(2, sampling.groupSize(), "group size");
    requireAtLeast(1, evalMaxNewTokens, "eval max new tokens");
    requireAtLeast(1, rolloutWorkers, "rollout workers");
    requireAtLeast(1, rewardWorkers, "reward workers");
    requireAtLeast(0, evalEverySteps, "steps between evaluations");
    requireAtLeast(0, checkpointEverySteps, "steps between checkpoints");
    requireAtLeast(0, samplesPerStep, "samples per step");
    requireAtLeast(0, workerRestarts, "worker restarts");
    requireAtLeast(1, stallAfter.toMillis(), "stall time in milliseconds");
    requireAtLeast(1, stopWithin.toMillis(), "stop time in milliseconds");
    startState.ifPresent(
        state -> {
          if (state.step() > steps) {
            throw new IllegalArgumentException(
                "the run is to have "
                    + steps
                    + " steps, the checkpoint is already at step "
                    + state.step());
          }
          if (state.runSeed() != runSeed) {
            throw new IllegalArgumentException(
                "the run has seed "
                    + runSeed
                    + ", the checkpoint was written with seed "
                    + state.runSeed());
          }
        });
  }

  /**
   * A run with one worker of each kind, the published advantage, no filter, no periodic evaluation
   * or checkpoint.
   */
  public static RunSettings of(
      long steps, int groupsPerStep, Sampling sampling, int maxStaleness, long runSeed) {
    return new RunSettings(
        steps,
        groupsPerStep,
        sampling,
        sampling.maxNewTokens(),
        maxStaleness,
        AdvantageRule.Standardised.published(),
        GroupFilter.OFF,
        1,
        1,
        0,
        0,
        runSeed,
        0,
        3,
        Duration.ofMinutes(5),
        Duration.ofSeconds(8),
        Optional.empty(),
        RewardPolicy.STANDARD);
  }

  /** The numbers that the ledger works with. */
  public FlowLimits limits() {
    return new FlowLimits(steps, groupsPerStep, maxStaleness);
  }

  /** How evaluations draw: one response, greedily. */
  public Sampling evalSampling() {
    return Sampling.greedy(evalMaxNewTokens);
  }

  /** Whether the policy after {@code step} steps is evaluated. */
  boolean evaluatesAfter(long step) {
    return step == 0 || step == steps || evalEverySteps > 0 && step % evalEverySteps == 0;
  }

  /**
   * Whether a checkpoint is written after {@code step} steps; the last one is written in any case.
   */
  boolean checkpointsAfter(long step) {
    return checkpointEverySteps > 0 && step % checkpointEverySteps == 0;
  }

  RunSettings from(RunState state) {
    return new RunSettings(
        steps,
        groupsPerStep,
        sampling,
        evalMaxNewTokens,
        maxStaleness,
        advantage,
        filter,
        rolloutWorkers,
        rewardWorkers,
        evalEverySteps,
        checkpointEverySteps,
        runSeed,
        samplesPerStep,
        workerRestarts,
        stallAfter,
        stopWithin,
        Optional.of(state),
        rewards);
  }

  private static void requireAtLeast(long least, long value, String what) {
    if (value < least) {
      throw new IllegalArgumentException(what + " " + value + " is below " + least);
    }
  }
}
