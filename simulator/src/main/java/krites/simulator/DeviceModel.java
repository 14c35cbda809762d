package krites.simulator;

/**
 * How long the devices of a simulated run take.
 *
 * @param rollout the engines
 * @param reward the rewards
 * @param learner the trainer and the weights that it publishes
 * @param files what is written to disk
 * @param network messages
 * @param cores that all nodes share, each at work taking one; 0 if each node is a machine of its
 *     own
 */
public record DeviceModel(
    Rollout rollout, Reward reward, Learner learner, Files files, Network network, int cores) {

  /**
   * A rollout engine.
   *
   * @param promptTokens length of a prompt
   * @param responseTokens length of a response, before the limit cuts it
   * @param prefillTokensPerSecond prompt tokens read in a second
   * @param stepSeconds time of one position of decoding, whatever the number of rows
   * @param rowSeconds time that each row adds to a position
   * @param workerSpread standard deviation of the logarithm of the workers' speeds
   * @param stragglerShare share of workers that are slow
   * @param stragglerFactor how much longer a slow worker takes
   * @param loadSeconds making an engine
   * @param updateSeconds taking over published weights
   */
  public record Rollout(
      Amounts promptTokens,
      Amounts responseTokens,
      double prefillTokensPerSecond,
      double stepSeconds,
      double rowSeconds,
      double workerSpread,
      double stragglerShare,
      double stragglerFactor,
      double loadSeconds,
      double updateSeconds) {}

  /**
   * A reward function.
   *
   * @param seconds time of one response
   * @param accuracy probability that a response is right
   */
  public record Reward(Amounts seconds, double accuracy) {}

  /**
   * The trainer.
   *
   * @param tokensPerSecond tokens through the whole step, each prompt counted once
   * @param optimizerSeconds the update at the end of a step
   * @param loadSeconds making a trainer
   * @param publishSeconds writing weights for the rollout workers
   * @param verifySeconds reading them back
   */
  public record Learner(
      double tokensPerSecond,
      double optimizerSeconds,
      double loadSeconds,
      double publishSeconds,
      double verifySeconds) {}

  /**
   * The disk under the run folder.
   *
   * @param recordSeconds one call of the recorder
   * @param checkpointSeconds one checkpoint
   */
  public record Files(double recordSeconds, double checkpointSeconds) {}

  /**
   * Messages.
   *
   * @param latencySeconds median time between two nodes
   * @param handleSeconds time that an actor takes for one message
   */
  public record Network(double latencySeconds, double handleSeconds) {}
}
