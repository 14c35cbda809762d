package krites.actors;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import krites.grpo.Tuning;
import krites.grpo.flow.FlowLimits;
import krites.grpo.flow.GroupFilter;
import krites.grpo.flow.LiveSetting;

/**
 * The settings that may change while a run goes on, as they are in force.
 *
 * @param limits what bounds the run
 * @param filter which scored groups are not trained
 * @param tuning what the learner uses instead of its configured values
 * @param rolloutWorkers rollout workers
 * @param changed what was changed since the run was configured, by key
 */
record LiveSettings(
    FlowLimits limits,
    GroupFilter filter,
    Tuning tuning,
    int rolloutWorkers,
    Map<String, String> changed) {
  LiveSettings {
    changed = Map.copyOf(changed);
  }

  /** As configured, with the changes that were made before this part of the run. */
  static LiveSettings of(RunSettings settings) {
    LiveSettings live =
        new LiveSettings(
            settings.limits(),
            settings.filter(),
            Tuning.NONE,
            settings.workers().rollout(),
            Map.of());
    for (LiveSetting change : settings.live().changed()) {
      live = live.with(change);
    }
    return live;
  }

  /** The same with one change more. */
  LiveSettings with(LiveSetting change) {
    Map<String, String> all = new LinkedHashMap<>(changed);
    all.put(change.key(), change.value());
    return switch (change) {
      case LiveSetting.MaxStaleness(int versions) ->
          new LiveSettings(limits.withMaxStaleness(versions), filter, tuning, rolloutWorkers, all);
      case LiveSetting.DropFlatGroups(boolean drop) ->
          new LiveSettings(limits, new GroupFilter(drop), tuning, rolloutWorkers, all);
      case LiveSetting.RolloutWorkers(int workers) ->
          new LiveSettings(limits, filter, tuning, workers, all);
      case LiveSetting.LearningRate(double peak) ->
          tuned(
              new Tuning(
                  OptionalDouble.of(peak),
                  tuning.clipLow(),
                  tuning.clipHigh(),
                  tuning.klCoefficient()),
              all);
      case LiveSetting.ClipLow(double below) ->
          tuned(
              new Tuning(
                  tuning.learningRate(),
                  OptionalDouble.of(below),
                  tuning.clipHigh(),
                  tuning.klCoefficient()),
              all);
      case LiveSetting.ClipHigh(double above) ->
          tuned(
              new Tuning(
                  tuning.learningRate(),
                  tuning.clipLow(),
                  OptionalDouble.of(above),
                  tuning.klCoefficient()),
              all);
      case LiveSetting.KlCoefficient(double weight) ->
          tuned(
              new Tuning(
                  tuning.learningRate(),
                  tuning.clipLow(),
                  tuning.clipHigh(),
                  OptionalDouble.of(weight)),
              all);
    };
  }

  private LiveSettings tuned(Tuning other, Map<String, String> all) {
    return new LiveSettings(limits, filter, other, rolloutWorkers, all);
  }
}
