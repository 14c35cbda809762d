package krites.actors;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import krites.grpo.flow.RunState;
import krites.grpo.port.CheckpointStore;
import krites.grpo.port.PolicyTrainer;
import krites.grpo.port.PromptSource;
import krites.grpo.port.RewardFunction;
import krites.grpo.port.RolloutEngine;
import krites.grpo.port.RunRecorder;
import krites.grpo.port.WeightVerifier;

/**
 * The rooms behind the ports. Engines and trainers are made, used and closed on the one thread of
 * their actor.
 *
 * @param engines makes the engine of rollout worker 0, 1, 2, ...; called again when a worker is
 *     replaced
 * @param trainer makes the trainer
 * @param reward scores responses
 * @param train prompts to learn from
 * @param evalSets held-out prompts by name, evaluated in this order; may be empty
 * @param recorder writes down what happens
 * @param checkpoints where checkpoints go
 * @param weights reads published weights back and removes old ones
 * @param recovery how to go on after the learner died, tried once; empty ends the run. It is called
 *     on a thread that may block, and returns empty when there is no checkpoint
 * @param nanos a clock that only rises, as {@link System#nanoTime()}
 */
public record RunParts(
    IntFunction<RolloutEngine> engines,
    Supplier<PolicyTrainer> trainer,
    RewardFunction reward,
    PromptSource train,
    Map<String, EvalSet> evalSets,
    RunRecorder recorder,
    CheckpointStore checkpoints,
    WeightVerifier weights,
    Optional<Supplier<Optional<Recovery>>> recovery,
    LongSupplier nanos) {

  /** A checkpoint to go on from: the state of the run and a trainer that has its weights. */
  public record Recovery(RunState state, Supplier<PolicyTrainer> trainer) {}

  public RunParts {
    evalSets = Collections.unmodifiableMap(new LinkedHashMap<>(evalSets));
  }

  RunParts from(Recovery again) {
    return new RunParts(
        engines,
        again.trainer(),
        reward,
        train,
        evalSets,
        recorder,
        checkpoints,
        weights,
        Optional.empty(),
        nanos);
  }
}
