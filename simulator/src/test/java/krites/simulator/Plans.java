package krites.simulator;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import krites.actors.RunSettings;
import krites.grpo.Sampling;
import krites.grpo.flow.GroupFilter;
import krites.grpo.objective.AdvantageRule;

/** Small simulations for tests; a test changes the fields that it is about. */
final class Plans {
  static final DeviceModel DEVICES =
      new DeviceModel(
          new DeviceModel.Rollout(
              new Amounts.Lognormal(60, 0.2),
              new Amounts.Lognormal(40, 0.5),
              2000,
              0.010,
              0.0002,
              0.1,
              0,
              1,
              1,
              0.1),
          new DeviceModel.Reward(new Amounts.Lognormal(0.002, 0.5), 0.6),
          new DeviceModel.Learner(4000, 0.1, 2, 0.2, 0.05),
          new DeviceModel.Files(0.001, 0.5),
          new DeviceModel.Network(0.001, 20e-6),
          0);

  int steps = 12;
  int groupsPerStep = 4;
  int maxStaleness = 1;
  int rolloutWorkers = 3;
  int rewardWorkers = 2;
  int evalEvery = 0;
  int checkpointEvery = 4;
  int restarts = 1000;
  int slots = 2;
  DeviceModel devices = DEVICES;
  String faults = "";
  Duration stallAfter = Duration.ofSeconds(120);
  Map<String, Integer> evalItems = Map.of();
  double horizonSeconds = 24 * 3600;
  Optional<Consumer<String>> listener = Optional.empty();

  SimulationPlan plan(long seed) {
    return new SimulationPlan(
        from ->
            new RunSettings(
                steps,
                groupsPerStep,
                new Sampling(4, 1f, 1f, 0, 1f, 96),
                96,
                maxStaleness,
                AdvantageRule.Standardised.published(),
                GroupFilter.OFF,
                rolloutWorkers,
                rewardWorkers,
                evalEvery,
                checkpointEvery,
                seed,
                0,
                restarts,
                stallAfter,
                Duration.ofSeconds(8),
                from),
        devices,
        FaultPlan.parse(faults),
        seed,
        slots,
        16,
        8192,
        50,
        evalItems,
        horizonSeconds,
        listener);
  }

  SimulationReport run(long seed) {
    return Simulation.run(plan(seed));
  }
}
