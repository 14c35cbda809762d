package krites.simulator;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import krites.actors.Patience;
import krites.actors.RunSettings;
import krites.grpo.Sampling;
import krites.grpo.flow.FlowLimits;
import krites.grpo.flow.GroupFilter;
import krites.grpo.flow.RewardPolicy;
import krites.grpo.flow.WeightUpdateMode;
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
  int overIssue = 0;
  int retryBudget = FlowLimits.RETRY_BUDGET;
  int rolloutWorkers = 3;
  int evaluators = 0;
  int rewardWorkers = 2;
  int evalEvery = 0;
  int checkpointEvery = 4;
  int restarts = 1000;
  int recoveries = 1000;
  int slots = 2;
  WeightUpdateMode weightUpdate = WeightUpdateMode.IN_FLIGHT;
  int partialTokens = 0;
  double hedgeFactor = 0;
  DeviceModel devices = DEVICES;
  String faults = "";
  Duration rewardDeadline = Duration.ofSeconds(10);
  int rewardAttempts = 3;
  Duration stallAfter = Duration.ofSeconds(120);
  Map<String, Integer> evalItems = Map.of();
  List<SimulationPlan.Change> changes = List.of();
  double horizonSeconds = 24 * 3600;
  Optional<Consumer<String>> listener = Optional.empty();

  SimulationPlan plan(long seed) {
    return new SimulationPlan(
        from ->
            new RunSettings(
                new FlowLimits(
                    steps,
                    groupsPerStep,
                    maxStaleness,
                    overIssue,
                    retryBudget,
                    FlowLimits.POISON_LIMIT),
                new Sampling(4, 1f, 1f, 0, 1f, 96),
                96,
                AdvantageRule.Standardised.published(),
                GroupFilter.OFF,
                new RunSettings.Workers(
                    rolloutWorkers, evaluators, rewardWorkers, restarts, recoveries),
                new RunSettings.Asynchrony(weightUpdate, partialTokens, hedgeFactor),
                new RewardPolicy(
                    rewardDeadline,
                    rewardAttempts,
                    20,
                    Duration.ofSeconds(10),
                    RewardPolicy.OnFailure.DROP,
                    0),
                evalEvery,
                checkpointEvery,
                seed,
                0,
                false,
                RunSettings.Live.NONE,
                patience(),
                from),
        devices,
        FaultPlan.parse(faults),
        seed,
        slots,
        16,
        8192,
        50,
        evalItems,
        changes,
        horizonSeconds,
        listener);
  }

  private Patience patience() {
    Patience usual = Patience.usual(stallAfter);
    Duration suspect = usual.suspect().compareTo(stallAfter) < 0 ? usual.suspect() : stallAfter;
    return new Patience(usual.nudge(), suspect, stallAfter, usual.stopWithin(), usual.onStall());
  }

  SimulationReport run(long seed) {
    return Simulation.run(plan(seed));
  }
}
