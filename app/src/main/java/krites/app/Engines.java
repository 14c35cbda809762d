package krites.app;

import java.nio.file.Path;
import java.util.Optional;
import krites.app.run.Checkpoints;
import krites.app.run.Resumption;
import krites.grpo.PolicyVersion;
import krites.grpo.WeightUpdate;
import krites.grpo.port.ImageStore;
import krites.grpo.port.MemberExchange;
import krites.grpo.port.PolicyTrainer;
import krites.grpo.port.RolloutEngine;
import krites.grpo.port.TrainerMember;
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

  /** The same of one evaluator. */
  RolloutEngine evaluator(int index);

  /** The trainer, from the start model or from a checkpoint. */
  default PolicyTrainer trainer(Optional<Resumption> from) {
    return trainer(
        from.flatMap(Resumption::checkpoint).map(Checkpoints.Checkpoint::folder),
        from.map(Resumption::version).orElse(new PolicyVersion(0, 0)));
  }

  /**
   * The trainer, from the start model or from what a trainer saved.
   *
   * @param saved folder that {@link PolicyTrainer#save} filled; empty for the start model
   * @param version of those weights
   */
  PolicyTrainer trainer(Optional<Path> saved, PolicyVersion version);

  /**
   * The trainer as the leading one of several members, each in a process of its own.
   *
   * @param members the connections to the others
   */
  default PolicyTrainer leadingTrainer(
      Optional<Path> saved, PolicyVersion version, MemberExchange members) {
    throw new IllegalStateException("these engines have a learner of one member");
  }

  /** Another member of that trainer, from the same weights. */
  default TrainerMember member(
      Optional<Path> saved, PolicyVersion version, MemberExchange members) {
    throw new IllegalStateException("these engines have a learner of one member");
  }

  /** Verifies and removes what the trainer publishes. */
  WeightVerifier weights();

  /**
   * Every byte of these weights was compared when it came here: engines need not read them twice.
   */
  default void arrived(WeightUpdate update) {}

  /** Removes all that trainers have published: nobody who read it is left. */
  default void forgetPublished() {}

  /** Bytes on the disk that a learner needs to go on: published versions, and a checkpoint. */
  default long diskBytes() {
    return 0;
  }

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

    /**
     * The same for one of several processes that make up a run: published weights of the others are
     * left alone, and no device has to hold what others hold.
     */
    default Engines createBesideOthers(
        krites.app.config.RunConfig config, ImageStore images, Path runFolder) {
      return create(config, images, runFolder);
    }
  }
}
