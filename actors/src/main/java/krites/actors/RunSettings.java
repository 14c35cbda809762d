package krites.actors;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.grpo.Sampling;
import krites.grpo.flow.Continuation;
import krites.grpo.flow.FlowLimits;
import krites.grpo.flow.GroupFilter;
import krites.grpo.flow.LiveSetting;
import krites.grpo.flow.RewardPolicy;
import krites.grpo.flow.RunState;
import krites.grpo.flow.WeightUpdateMode;
import krites.grpo.objective.AdvantageRule;

/**
 * What a run does; nothing in it depends on a device.
 *
 * @param limits steps of the whole run (those before a resume included), groups of a step,
 *     staleness, over-issue and budgets
 * @param sampling how training responses are drawn; at least two per group
 * @param evalMaxNewTokens length limit of the greedy responses of evaluations
 * @param advantage how rewards become advantages
 * @param filter which scored groups are not trained
 * @param workers how many of each kind, and how often they are replaced
 * @param asynchrony what becomes of groups while weights change
 * @param rewards what happens when a reward is late or fails
 * @param evalEverySteps steps between evaluations; 0 evaluates only before the first and after the
 *     last step
 * @param checkpointEverySteps steps between checkpoints; 0 writes only the last one
 * @param runSeed the seed that all others derive from
 * @param samplesPerStep responses recorded as text for each step
 * @param recordBatches whether each batch is recorded whole, for a replay
 * @param live the live settings as text, and what was changed of them
 * @param patience how long the run waits for whom
 * @param start where to go on; empty for a new run
 */
public record RunSettings(
    FlowLimits limits,
    Sampling sampling,
    int evalMaxNewTokens,
    AdvantageRule advantage,
    GroupFilter filter,
    Workers workers,
    Asynchrony asynchrony,
    RewardPolicy rewards,
    long evalEverySteps,
    long checkpointEverySteps,
    long runSeed,
    int samplesPerStep,
    boolean recordBatches,
    Live live,
    Patience patience,
    Optional<Continuation> start) {

  /**
   * Who works.
   *
   * @param rollout rollout workers
   * @param evaluators workers that answer held-out prompts while training goes on; with none the
   *     rollout workers do, and training rests meanwhile
   * @param reward reward workers
   * @param members of the learner; where they are actors of their own, fewer may do
   * @param restarts how often a dead or hanging rollout worker, evaluator or reward worker is
   *     replaced in a run, all together
   * @param recoveries how often the run goes back to its last checkpoint because the learner, the
   *     orchestrator or the parameter server died
   */
  public record Workers(
      int rollout, int evaluators, int reward, int members, int restarts, int recoveries) {
    /** With a learner of one member. */
    public Workers(int rollout, int evaluators, int reward, int restarts, int recoveries) {
      this(rollout, evaluators, reward, 1, restarts, recoveries);
    }

    public Workers {
      requireAtLeast(1, rollout, "rollout workers");
      requireAtLeast(0, evaluators, "evaluators");
      requireAtLeast(1, reward, "reward workers");
      requireAtLeast(1, members, "members of the learner");
      requireAtLeast(0, restarts, "worker restarts");
      requireAtLeast(0, recoveries, "recoveries");
    }
  }

  /**
   * What becomes of groups while weights change and workers are slow.
   *
   * @param weightUpdate what new weights do to sequences in flight
   * @param partialTokens new tokens per response after which a group is cut and continued later; 0
   *     never cuts
   * @param hedgeFactor a group that takes this many times as long as the median group is given to a
   *     second worker as well; 0 for none. Groups of suspect workers are hedged in any case
   */
  public record Asynchrony(WeightUpdateMode weightUpdate, int partialTokens, double hedgeFactor) {
    /** New weights in flight, no cuts, hedges for suspect workers only. */
    public static final Asynchrony USUAL = new Asynchrony(WeightUpdateMode.IN_FLIGHT, 0, 0);

    public Asynchrony {
      requireAtLeast(0, partialTokens, "partial tokens");
      if (!(hedgeFactor == 0 || hedgeFactor >= 1)) {
        throw new IllegalArgumentException("hedge factor " + hedgeFactor + " is not 0 or above 1");
      }
    }
  }

  /**
   * The live settings before a run begins.
   *
   * @param configured their values as the configuration writes them, by key, for the journal
   * @param changed changes that were made since, oldest first
   */
  public record Live(Map<String, String> configured, List<LiveSetting> changed) {
    /** Nothing is known and nothing was changed. */
    public static final Live NONE = new Live(Map.of(), List.of());

    public Live {
      configured = Map.copyOf(configured);
      changed = List.copyOf(changed);
    }
  }

  public RunSettings {
    requireAtLeast(2, sampling.groupSize(), "group size");
    requireAtLeast(1, evalMaxNewTokens, "eval max new tokens");
    requireAtLeast(0, evalEverySteps, "steps between evaluations");
    requireAtLeast(0, checkpointEverySteps, "steps between checkpoints");
    requireAtLeast(0, samplesPerStep, "samples per step");
    if (start.isPresent()) {
      RunState state = start.get().state();
      if (state.step() > limits.steps()) {
        throw new IllegalArgumentException(
            "the run is to have "
                + limits.steps()
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
    }
  }

  /**
   * A run with one worker of each kind, the published advantage, no filter, no periodic evaluation
   * or checkpoint.
   */
  public static RunSettings of(FlowLimits limits, Sampling sampling, long runSeed) {
    return new RunSettings(
        limits,
        sampling,
        sampling.maxNewTokens(),
        AdvantageRule.Standardised.published(),
        GroupFilter.OFF,
        new Workers(1, 0, 1, 3, 1),
        Asynchrony.USUAL,
        RewardPolicy.STANDARD,
        0,
        0,
        runSeed,
        0,
        false,
        Live.NONE,
        Patience.usual(Duration.ofMinutes(5)),
        Optional.empty());
  }

  /** How evaluations draw: one response, greedily. */
  public Sampling evalSampling() {
    return Sampling.greedy(evalMaxNewTokens).stoppingAt(sampling.stopStrings());
  }

  /** Whether the policy after {@code step} steps is evaluated. */
  boolean evaluatesAfter(long step) {
    return step == 0 || step == limits.steps() || evalEverySteps > 0 && step % evalEverySteps == 0;
  }

  /**
   * Whether a checkpoint is written after {@code step} steps; the last one is written in any case.
   */
  boolean checkpointsAfter(long step) {
    return checkpointEverySteps > 0 && step % checkpointEverySteps == 0;
  }

  /** The same run, going on somewhere. */
  public RunSettings from(Continuation continuation) {
    return with(live, Optional.of(continuation));
  }

  /** The same run with a live change in force from its beginning. */
  RunSettings with(LiveSetting change) {
    List<LiveSetting> changed = new ArrayList<>(live.changed());
    changed.add(change);
    return with(new Live(live.configured(), changed), start);
  }

  private RunSettings with(Live otherLive, Optional<Continuation> otherStart) {
    return new RunSettings(
        limits,
        sampling,
        evalMaxNewTokens,
        advantage,
        filter,
        workers,
        asynchrony,
        rewards,
        evalEverySteps,
        checkpointEverySteps,
        runSeed,
        samplesPerStep,
        recordBatches,
        otherLive,
        patience,
        otherStart);
  }

  private static void requireAtLeast(long least, long value, String what) {
    if (value < least) {
      throw new IllegalArgumentException(what + " " + value + " is below " + least);
    }
  }
}
