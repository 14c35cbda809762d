package krites.simulator;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import krites.actors.RunSettings;
import krites.grpo.flow.Continuation;
import krites.grpo.flow.LiveSetting;

/**
 * All that a simulation is made of.
 *
 * @param settings the settings of the run, for its beginning or for going on from a state; those of
 *     the real run, so that the real decisions are made
 * @param devices how long everything takes
 * @param faults what goes wrong
 * @param seed decides all that is left to chance: lengths, times, faults and the order of what
 *     happens at one moment
 * @param slots training groups that one rollout worker holds
 * @param chunkTokens positions that an engine decodes in one step
 * @param microBatchTokens tokens that the trainer takes at once
 * @param prompts prompts of the training set
 * @param evalItems held-out prompts by set
 * @param changes what somebody changes while the run goes on
 * @param horizonSeconds a run that has not ended by then is given up
 * @param listener told every line of the trace
 */
public record SimulationPlan(
    Function<Optional<Continuation>, RunSettings> settings,
    DeviceModel devices,
    FaultPlan faults,
    long seed,
    int slots,
    int chunkTokens,
    int microBatchTokens,
    long prompts,
    Map<String, Integer> evalItems,
    List<Change> changes,
    double horizonSeconds,
    Optional<Consumer<String>> listener) {
  /** A change of a live setting, asked for at a moment. */
  public record Change(double seconds, LiveSetting setting) {}

  public SimulationPlan {
    changes = List.copyOf(changes);
    evalItems = Collections.unmodifiableMap(new LinkedHashMap<>(evalItems));
    if (slots < 1 || chunkTokens < 1 || microBatchTokens < 1 || prompts < 1) {
      throw new IllegalArgumentException(
          "slots "
              + slots
              + ", chunk tokens "
              + chunkTokens
              + ", micro-batch tokens "
              + microBatchTokens
              + " and prompts "
              + prompts
              + " must be at least 1");
    }
  }

  /** The same run on other devices. */
  public SimulationPlan with(DeviceModel others) {
    return new SimulationPlan(
        settings,
        others,
        faults,
        seed,
        slots,
        chunkTokens,
        microBatchTokens,
        prompts,
        evalItems,
        changes,
        horizonSeconds,
        listener);
  }
}
