package krites.app.config;

import static krites.app.config.InvalidSetting.above;
import static krites.app.config.InvalidSetting.atLeast;
import static krites.app.config.InvalidSetting.fraction;

import krites.simulator.FaultPlan;

/**
 * Section {@code simulate} of {@code krites.conf}: how long the devices of a simulated run take,
 * and what goes wrong.
 */
public record SimulateConfig(
    String faults,
    double horizonHours,
    int cores,
    Rollout rollout,
    Reward reward,
    Learner learner,
    Around around) {
  public SimulateConfig {
    above("simulate.horizon-hours", 0, horizonHours);
    atLeast("simulate.cores", 0, cores);
    try {
      FaultPlan.parse(faults);
    } catch (IllegalArgumentException e) {
      throw new InvalidSetting("simulate.faults", String.valueOf(e.getMessage()));
    }
  }

  /** The rollout workers. */
  public record Rollout(
      double promptTokens,
      double promptSpread,
      double responseTokens,
      double responseSpread,
      double prefillTokensPerSecond,
      double stepMillis,
      double rowMillis,
      double workerSpread,
      double stragglerShare,
      double stragglerFactor,
      double engineLoadSeconds,
      double weightsLoadSeconds) {
    public Rollout {
      above("simulate.prompt-tokens", 0, promptTokens);
      atLeast("simulate.prompt-spread", 0.0, promptSpread);
      above("simulate.response-tokens", 0, responseTokens);
      atLeast("simulate.response-spread", 0.0, responseSpread);
      above("simulate.prefill-tokens-per-second", 0, prefillTokensPerSecond);
      atLeast("simulate.step-millis", 0.0, stepMillis);
      atLeast("simulate.row-millis", 0.0, rowMillis);
      atLeast("simulate.worker-spread", 0.0, workerSpread);
      fraction("simulate.straggler-share", stragglerShare);
      atLeast("simulate.straggler-factor", 1.0, stragglerFactor);
      atLeast("simulate.engine-load-seconds", 0.0, engineLoadSeconds);
      atLeast("simulate.weights-load-seconds", 0.0, weightsLoadSeconds);
    }
  }

  /** The reward function. */
  public record Reward(double millis, double spread, double accuracy) {
    public Reward {
      above("simulate.reward-millis", 0, millis);
      atLeast("simulate.reward-spread", 0.0, spread);
      fraction("simulate.accuracy", accuracy);
    }
  }

  /** The trainer and the weights that it publishes. */
  public record Learner(
      double trainTokensPerSecond,
      double optimizerSeconds,
      double trainerLoadSeconds,
      double publishSeconds,
      double verifySeconds) {
    public Learner {
      above("simulate.train-tokens-per-second", 0, trainTokensPerSecond);
      atLeast("simulate.optimizer-seconds", 0.0, optimizerSeconds);
      atLeast("simulate.trainer-load-seconds", 0.0, trainerLoadSeconds);
      atLeast("simulate.publish-seconds", 0.0, publishSeconds);
      atLeast("simulate.verify-seconds", 0.0, verifySeconds);
    }
  }

  /** Disk and network. */
  public record Around(
      double recordMillis, double checkpointSeconds, double networkMillis, double messageMicros) {
    public Around {
      atLeast("simulate.record-millis", 0.0, recordMillis);
      atLeast("simulate.checkpoint-seconds", 0.0, checkpointSeconds);
      atLeast("simulate.network-millis", 0.0, networkMillis);
      atLeast("simulate.message-micros", 0.0, messageMicros);
    }
  }
}
