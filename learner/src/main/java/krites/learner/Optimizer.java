package krites.learner;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import java.util.List;
import krites.model.torchscript.RawTensors;
import krites.model.torchscript.ScriptModule;

/**
 * Clipping and one AdamW step on trained tensors, however their moments are kept.
 *
 * <p>Float32 moments beside the weights take one fused call for all tensors. Other moments take a
 * call for each tensor, or for each part of it, so that what is unpacked or brought to the device
 * at one time is bounded. All of them compute the same step; the fused calls to the last bit.
 */
final class Optimizer implements AutoCloseable {
  /** Values of a tensor that pass through the device at one time: 2 moments of 16 MiB. */
  static final int PART = 1 << 22;

  private final ScriptModule script;
  private final OptimizerState state;
  private final NDManager manager;
  private final NDList books;
  private final int part;

  /**
   * @param script has the methods of {@link LearnerScript}
   * @param part values of a tensor in one part, a multiple of {@link MomentCodes#BLOCK}
   */
  Optimizer(ScriptModule script, OptimizerState state, NDManager parent, int part) {
    this.script = script;
    this.state = state;
    this.manager = parent.newSubManager();
    this.part = part;
    float[] signed = MomentCodes.signed();
    float[] unsigned = MomentCodes.unsigned();
    this.books =
        new NDList(
            manager.create(signed),
            manager.create(MomentCodes.middles(signed)),
            manager.create(unsigned),
            manager.create(MomentCodes.middles(unsigned)));
  }

  OptimizerState state() {
    return state;
  }

  /**
   * Makes a step, or changes nothing if the norm of the gradients is not finite.
   *
   * @param places of the tensors among those that the state was made for
   * @param weights at those places, changed
   * @param gradients of them, used up
   */
  TrainingCore.Update step(
      List<Integer> places, NDList weights, NDList gradients, double rate, AdamWSettings settings) {
    try (NDManager scope = manager.newSubManager()) {
      if (state.settings().equals(OptimizerSettings.DEFAULT)) {
        return update(
            script.call(scope, "update", wholeStep(places, weights, gradients, rate, settings)));
      }
      TrainingCore.Update update =
          update(script.call(scope, "clip", gradients, settings.maxNorm()));
      if (update.applied()) {
        apply(places, weights, gradients, rate, settings);
      }
      return update;
    }
  }

  /** Sum of the squares of all gradients; 0 without any. */
  double squares(NDList gradients) {
    if (gradients.isEmpty()) {
      return 0;
    }
    try (NDManager scope = manager.newSubManager()) {
      double norm = script.call(scope, "gradient_norm", gradients).get(0).getFloat();
      return norm * norm;
    }
  }

  /**
   * Makes a step with gradients whose norm was judged elsewhere.
   *
   * @param places as in {@link #step}, or none
   * @param factor by which the gradients are scaled first
   */
  void scaledStep(
      List<Integer> places,
      NDList weights,
      NDList gradients,
      double factor,
      double rate,
      AdamWSettings settings) {
    if (places.isEmpty()) {
      return;
    }
    try (NDManager scope = manager.newSubManager()) {
      if (factor < 1) {
        script.call(scope, "scale_all", gradients, factor);
      }
      if (state.settings().equals(OptimizerSettings.DEFAULT)) {
        Object[] whole = wholeStep(places, weights, gradients, rate, settings);
        script.call(
            scope, "fused_step", Arrays.copyOf(whole, whole.length - 1)); // no norm to clip to
      } else {
        apply(places, weights, gradients, rate, settings);
      }
    }
  }

  private static TrainingCore.Update update(NDList result) {
    return new TrainingCore.Update(result.get(0).getFloat(), result.get(1).toFloatArray()[0] > 0);
  }

  private Object[] wholeStep(
      List<Integer> places, NDList weights, NDList gradients, double rate, AdamWSettings settings) {
    NDList first = new NDList();
    NDList second = new NDList();
    NDList steps = new NDList();
    for (int place : places) {
      switch (state.moments(place)) {
        case OptimizerState.Full(NDArray m, NDArray v) -> {
          first.add(m);
          second.add(v);
        }
        case OptimizerState.Quantized _ ->
            throw new IllegalStateException("8-bit moments in a float32 step");
      }
      steps.add(state.steps(place));
    }
    return new Object[] {
      weights,
      gradients,
      first,
      second,
      steps,
      rate,
      settings.beta1(),
      settings.beta2(),
      settings.epsilon(),
      settings.weightDecay(),
      settings.maxNorm()
    };
  }

  private void apply(
      List<Integer> places, NDList weights, NDList gradients, double rate, AdamWSettings settings) {
    for (int i = 0; i < places.size(); i++) {
      NDArray steps = state.steps(places.get(i));
      try (NDManager scope = manager.newSubManager()) {
        switch (state.moments(places.get(i))) {
          case OptimizerState.Full full ->
              stepInParts(weights.get(i), gradients.get(i), full, steps, rate, settings, scope);
          case OptimizerState.Quantized(
                  NDArray first,
                  NDArray firstScale,
                  NDArray second,
                  NDArray secondScale) ->
              script.call(
                  scope,
                  "adamw8",
                  weights.get(i),
                  gradients.get(i),
                  first,
                  firstScale,
                  second,
                  secondScale,
                  steps,
                  books,
                  part,
                  rate,
                  settings.beta1(),
                  settings.beta2(),
                  settings.epsilon(),
                  settings.weightDecay());
        }
      }
    }
  }

  /**
   * The fused step on one part of a tensor after the other. The step is of single values, and the
   * parts are whole vectors long, so the bits are those of the step on the whole tensor.
   */
  private void stepInParts(
      NDArray weight,
      NDArray gradient,
      OptimizerState.Full moments,
      NDArray steps,
      double rate,
      AdamWSettings settings,
      NDManager scope) {
    script.call(scope, "advance", steps);
    long values = weight.getShape().size();
    for (long at = 0; at < values; at += part) {
      long count = Math.min(part, values - at);
      try (NDManager own = scope.newSubManager()) {
        NDArray weightPart = RawTensors.flatPart(weight, at, count, own);
        NDArray first = RawTensors.flatPart(moments.first(), at, count, own);
        NDArray second = RawTensors.flatPart(moments.second(), at, count, own);
        script.call(
            own,
            "fused_part",
            new NDList(weightPart),
            new NDList(RawTensors.flatPart(gradient, at, count, own)),
            script.call(own, "moved", first, weightPart),
            script.call(own, "moved", second, weightPart),
            new NDList(steps),
            first,
            second,
            rate,
            settings.beta1(),
            settings.beta2(),
            settings.epsilon(),
            settings.weightDecay());
      }
    }
  }

  @Override
  public void close() {
    state.close();
    manager.close();
  }
}
