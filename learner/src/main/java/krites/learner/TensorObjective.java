package krites.learner;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import krites.grpo.objective.DecoupledObjective;
import krites.model.torchscript.ScriptModule;

/**
 * The policy objective on tensors without a network: loss and gradient with respect to given
 * log-probabilities.
 *
 * <p>It runs the very text that {@link TrainingCore} trains with, so golden numbers and the plain
 * oracle can be compared with it in milliseconds.
 */
public final class TensorObjective implements AutoCloseable {
  private final NDManager manager;
  private final ScriptModule script;

  /**
   * Loss and metrics of some tokens, and the gradient of the loss with respect to each
   * log-probability (M).
   */
  public record Result(TrainingCore.PolicyLoss loss, float[] gradient) {}

  public TensorObjective(NDManager parent) {
    this(parent, ObjectiveScript.TEXT);
  }

  /** The objective by another text, for tests that plant a fault in it. */
  TensorObjective(NDManager parent, String text) {
    manager = parent.newSubManager();
    script = ScriptModule.load(manager, List.of(text));
  }

  /** Evaluates the objective at the given log-probabilities (M). */
  public Result evaluate(DecoupledObjective objective, float[] logProbs, PolicyTargets targets) {
    try (NDManager scope = manager.newSubManager()) {
      List<Object> arguments = new ArrayList<>(List.of(scope.create(logProbs)));
      arguments.addAll(Arrays.asList(ObjectiveScript.arguments(objective, targets, scope)));
      NDList found = script.callWithGradients(scope, "objective_gradient", arguments.toArray());
      return new Result(
          new TrainingCore.PolicyLoss(
              found.get(0).toFloatArray(), found.get(1).toFloatArray(), logProbs),
          found.get(2).toFloatArray());
    }
  }

  @Override
  public void close() {
    script.close();
    manager.close();
  }
}
