package krites.app;

import java.nio.file.Path;
import java.util.Optional;
import krites.app.run.Resumption;
import krites.grpo.port.ImageStore;
import krites.grpo.port.PolicyTrainer;
import krites.grpo.port.RolloutEngine;
import krites.grpo.port.WeightVerifier;

/**
 * The numerical rooms of one run. Each method is called on the thread that will drive what it
 * makes.
 */
interface Engines extends AutoCloseable {
  /**
   * The engine of one rollout worker; its weights are those of the start model until it is told
   * better.
   */
  RolloutEngine rollout(int worker);

  /** The trainer, from the start model or from a checkpoint. */
  PolicyTrainer trainer(Optional<Resumption> from);

  /** Verifies and removes what the trainer publishes. */
  WeightVerifier weights();

  /** Frees what outlives the single engines, published weights included. */
  @Override
  void close();

  /**
   * Makes the engines of a run; reads no weights yet, but refuses a model directory that cannot
   * work.
   */
  @FunctionalInterface
  interface Factory {
    /**
     * @param runFolder where published weights may lie while the run goes on; it need not exist yet
     * @throws RuntimeException of bad input, with one clear line as its message
     */
    Engines create(krites.app.config.RunConfig config, ImageStore images, Path runFolder);
  }
}
