package krites.simulator;

import java.util.Arrays;
import java.util.Optional;

/**
 * Makes the modelled devices as fast as those of a recorded run.
 *
 * <p>What was measured replaces the model's number directly, except for decoding: its records say
 * how long a token took and not how many rows shared a step. So the run is simulated at its own
 * settings, and both parts of the time of a step are stretched until the simulation decodes as fast
 * as the run did.
 */
public final class Calibration {
  private static final int ENOUGH = 20; // responses, below which a distribution is a guess
  private static final int ROUNDS =
      4; // stretching is nearly linear: each round is off by a small part of the one before

  private Calibration() {}

  /**
   * The devices of the recorded run.
   *
   * @param asRecorded the plan of the recorded run, with the devices to begin with
   */
  public static DeviceModel fit(Measurements measured, SimulationPlan asRecorded) {
    DeviceModel fitted = direct(measured, asRecorded.devices());
    if (measured.decodeSecondsPerToken().isEmpty()) {
      return fitted;
    }
    for (int round = 0; round < ROUNDS; round++) {
      SimulationReport report = Simulation.run(asRecorded.with(fitted));
      double sampled = report.metrics().getOrDefault("rollout/response_tokens", 0.0);
      double seconds = report.metrics().getOrDefault("rollout/decode_seconds", 0.0);
      if (!(sampled > 0 && seconds > 0)) {
        return fitted;
      }
      fitted = stretched(fitted, measured.decodeSecondsPerToken().get() * sampled / seconds);
    }
    return fitted;
  }

  private static DeviceModel direct(Measurements measured, DeviceModel from) {
    DeviceModel.Rollout rollout = from.rollout();
    DeviceModel.Learner learner = from.learner();
    return new DeviceModel(
        new DeviceModel.Rollout(
            measured
                .promptTokens()
                .<Amounts>map(tokens -> new Amounts.Lognormal(tokens, 0))
                .orElse(rollout.promptTokens()),
            responseTokens(measured).orElse(rollout.responseTokens()),
            measured.prefillTokensPerSecond().orElse(rollout.prefillTokensPerSecond()),
            rollout.stepSeconds(),
            rollout.rowSeconds(),
            rollout.workerSpread(),
            rollout.stragglerShare(),
            rollout.stragglerFactor(),
            rollout.loadSeconds(),
            rollout.updateSeconds()),
        new DeviceModel.Reward(
            measured
                .rewardSeconds()
                .<Amounts>map(seconds -> new Amounts.Lognormal(seconds, 0))
                .orElse(from.reward().seconds()),
            from.reward().accuracy()),
        new DeviceModel.Learner(
            measured.trainTokensPerSecond().orElse(learner.tokensPerSecond()),
            measured.optimizerSeconds().orElse(learner.optimizerSeconds()),
            learner.loadSeconds(),
            measured.publishSeconds().orElse(learner.publishSeconds()),
            learner.verifySeconds()),
        from.files(),
        from.network(),
        0); // what was measured was measured with all that shared its cores
  }

  /** Measured lengths, stretched to the mean of all responses; a mean alone makes a lognormal. */
  private static Optional<Amounts> responseTokens(Measurements measured) {
    double[] lengths =
        measured.responseLengths().stream().mapToDouble(Integer::doubleValue).toArray();
    double mean = Arrays.stream(lengths).average().orElse(0);
    double all = measured.responseTokens().orElse(mean);
    if (lengths.length >= ENOUGH && mean > 0) {
      return Optional.of(
          new Amounts.Measured(
              Arrays.stream(lengths).map(length -> length * all / mean).toArray()));
    }
    return all > 0 ? Optional.of(new Amounts.Lognormal(all, 0)) : Optional.empty();
  }

  private static DeviceModel stretched(DeviceModel model, double factor) {
    DeviceModel.Rollout rollout = model.rollout();
    return new DeviceModel(
        new DeviceModel.Rollout(
            rollout.promptTokens(),
            rollout.responseTokens(),
            rollout.prefillTokensPerSecond(),
            rollout.stepSeconds() * factor,
            rollout.rowSeconds() * factor,
            rollout.workerSpread(),
            rollout.stragglerShare(),
            rollout.stragglerFactor(),
            rollout.loadSeconds(),
            rollout.updateSeconds()),
        model.reward(),
        model.learner(),
        model.files(),
        model.network(),
        model.cores());
  }
}
