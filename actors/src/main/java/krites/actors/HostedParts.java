package krites.actors;

import java.util.Optional;
import java.util.function.Supplier;
import krites.grpo.PolicyVersion;
import krites.grpo.port.CheckpointStore;
import krites.grpo.port.MemberExchange;
import krites.grpo.port.MemberPlane;
import krites.grpo.port.PolicyTrainer;
import krites.grpo.port.RewardFunction;
import krites.grpo.port.RolloutEngine;
import krites.grpo.port.TrainerMember;
import krites.grpo.port.WeightTransport;
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
   * The engine of an evaluator.
   *
   * @param seat of the evaluator at this node, 0, 1, 2, ...
   */
  RolloutEngine evaluator(int seat);

  /**
   * The trainer.
   *
   * @param step whose checkpoint it begins with; 0 for the start model
   * @param version of those weights
   */
  PolicyTrainer trainer(long step, PolicyVersion version);

  /**
   * The trainer as the leading member of several.
   *
   * @param members the connections to the others; closed with the plane that they are of
   */
  PolicyTrainer leadingTrainer(long step, PolicyVersion version, MemberExchange members);

  /** Another member of that trainer, from the same weights. */
  TrainerMember member(long step, PolicyVersion version, MemberExchange members);

  /** Opens this node's end of the connections between members of a learner. */
  MemberPlane memberPlane();

  RewardFunction reward();

  CheckpointStore checkpoints();

  WeightVerifier weights();

  /**
   * Opens the bulk plane over which weights come to the workers of this node; empty where they read
   * the files that the learner writes. Whom it is opened for closes it.
   */
  Optional<Supplier<WeightTransport>> incomingWeights();

  /**
   * Opens the bulk plane over which the parameter server gives weights away; it gives nothing where
   * every worker reads the files that the learner writes.
   */
  Supplier<Optional<WeightTransport>> outgoingWeights();

  /** Called when every actor of the job is gone from this node. */
  @Override
  void close();
}
