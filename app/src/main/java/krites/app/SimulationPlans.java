package krites.app;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import krites.app.config.RunConfig;
import krites.app.config.SimulateConfig;
import krites.simulator.Amounts;
import krites.simulator.DeviceModel;
import krites.simulator.FaultPlan;
import krites.simulator.SimulationPlan;

/** Makes simulations of configurations: settings of the real run, devices of section simulate. */
final class SimulationPlans {
  private static final double SECONDS_PER_HOUR = 3600;

  private SimulationPlans() {}

  /**
   * @param faults stand for {@code simulate.faults}
   * @param seed stands for {@code run.seed}
   * @param listener told every line of the trace
   */
  static SimulationPlan plan(
      RunConfig config,
      DeviceModel devices,
      FaultPlan faults,
      long seed,
      Optional<Consumer<String>> listener) {
    Map<String, Integer> evalItems = new LinkedHashMap<>();
    evalItems.put("critic", config.eval().criticItems());
    evalItems.put("policy", config.eval().policyItems());
    RunConfig seeded = config.withSeed(seed);
    return new SimulationPlan(
        from -> Wiring.settings(seeded, from),
        devices,
        faults,
        seed,
        config.rollout().slots(),
        config.rollout().chunkTokens(),
        config.learner().microBatchTokens(),
        config.world().trainItems(),
        evalItems,
        List.of(),
        config.simulate().horizonHours() * SECONDS_PER_HOUR,
        listener);
  }

  /** The devices that section {@code simulate} describes. */
  static DeviceModel devices(SimulateConfig config) {
    SimulateConfig.Rollout rollout = config.rollout();
    SimulateConfig.Learner learner = config.learner();
    SimulateConfig.Around around = config.around();
    return new DeviceModel(
        new DeviceModel.Rollout(
            new Amounts.Lognormal(rollout.promptTokens(), rollout.promptSpread()),
            new Amounts.Lognormal(rollout.responseTokens(), rollout.responseSpread()),
            rollout.prefillTokensPerSecond(),
            rollout.stepMillis() * 1e-3,
            rollout.rowMillis() * 1e-3,
            rollout.workerSpread(),
            rollout.stragglerShare(),
            rollout.stragglerFactor(),
            rollout.engineLoadSeconds(),
            rollout.weightsLoadSeconds()),
        new DeviceModel.Reward(
            new Amounts.Lognormal(config.reward().millis() * 1e-3, config.reward().spread()),
            config.reward().accuracy()),
        new DeviceModel.Learner(
            learner.trainTokensPerSecond(),
            learner.optimizerSeconds(),
            learner.trainerLoadSeconds(),
            learner.publishSeconds(),
            learner.verifySeconds()),
        new DeviceModel.Files(around.recordMillis() * 1e-3, around.checkpointSeconds()),
        new DeviceModel.Network(around.networkMillis() * 1e-3, around.messageMicros() * 1e-6),
        config.cores());
  }
}
