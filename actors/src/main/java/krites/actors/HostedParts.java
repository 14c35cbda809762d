package krites.actors;

import krites.grpo.PolicyVersion;
import krites.grpo.port.CheckpointStore;
import krites.grpo.port.PolicyTrainer;
import krites.grpo.port.RewardFunction;
import krites.grpo.port.RolloutEngine;
import krites.grpo.port.WeightVerifier;

/**
 * The rooms behind the ports, on a node that hosts actors of a job. Engines and trainers are made,
 * used and closed on the one thread of their actor; the rest is made at its first use.
 */
public interface HostedParts extends AutoCloseable {
  /**
   * The engine of a rollout worker.
   *
   * @param seat of the worker at this node, 0, 1, 2, ...
   */
  RolloutEngine engine(int seat);

  /**
   * The trainer.
   *
   * @param step whose checkpoint it begins with; 0 for the start model
   * @param version of those weights
   */
  PolicyTrainer trainer(long step, PolicyVersion version);

  RewardFunction reward();

  CheckpointStore checkpoints();

  WeightVerifier weights();

  /** How the bytes of a published version come to this node. */
  WeightSource weightSource();

  /** Called when every actor of the job is gone from this node. */
  @Override
  void close();
}
