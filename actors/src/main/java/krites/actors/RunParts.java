package krites.actors;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import krites.grpo.flow.Continuation;
import krites.grpo.port.CheckpointStore;
import krites.grpo.port.ControlInbox;
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
 * @param evaluators the same for evaluator 0, 1, 2, ...
 * @param trainer makes the trainer
 * @param reward scores responses
 * @param train prompts to learn from
 * @param evalSets held-out prompts by name, evaluated in this order; may be empty
 * @param recorder writes down what happens
 * @param checkpoints where checkpoints go
 * @param weights reads published weights back and removes old ones
 * @param recovery how to go on after the learner died; empty ends the run. It is called on a thread
 *     that may block, when the journal is complete, and returns empty when there is no checkpoint
 * @param inbox requests to change the run while it goes on
 * @param nanos a clock that only rises, as {@link System#nanoTime()}
 */
public record RunParts(
    IntFunction<RolloutEngine> engines,
    IntFunction<RolloutEngine> evaluators,
    Supplier<PolicyTrainer> trainer,
    RewardFunction reward,
    PromptSource train,
    Map<String, EvalSet> evalSets,
    RunRecorder recorder,
    CheckpointStore checkpoints,
    WeightVerifier weights,
    Optional<Supplier<Optional<Recovery>>> recovery,
    ControlInbox inbox,
    LongSupplier nanos) {

  /** A checkpoint to go on from, with the journal since, and a trainer that has its weights. */
  public record Recovery(Continuation from, Supplier<PolicyTrainer> trainer) {}

  public RunParts {
    evalSets = Collections.unmodifiableMap(new LinkedHashMap<>(evalSets));
  }

  /** The same with another recorder. */
  RunParts recordingTo(RunRecorder other) {
    return new RunParts(
        engines,
        evaluators,
        trainer,
        reward,
        train,
        evalSets,
        other,
        checkpoints,
        weights,
        recovery,
        inbox,
        nanos);
  }

  RunParts from(Recovery again) {
    return new RunParts(
        engines,
        evaluators,
        again.trainer(),
        reward,
        train,
        evalSets,
        recorder,
        checkpoints,
        weights,
        recovery,
        inbox,
        nanos);
  }
}
