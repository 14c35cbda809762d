package krites.app.conformance;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleBinaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import krites.grpo.objective.ClippedObjective;
import krites.grpo.objective.CorrectedTokens;
import krites.grpo.objective.Correction;
import krites.grpo.objective.DecoupledObjective;
import krites.grpo.objective.KlEstimate;
import krites.grpo.objective.ProximalRule;
import krites.learner.PolicyTargets;
import krites.learner.TensorObjective;
import krites.model.torchscript.TorchRuntime;

/** A published property of estimates of the divergence, on log-probs of our own. */
final class PublishedDivergenceCases {
  /** How the property is put; the group is the list of names that it holds for. */
  private static final Pattern STRAIGHT_THROUGH =
      Pattern.compile(
          "name\\+'\\+' has the value of the base estimator and the gradient of"
              + " k2 = 0\\.5\\*\\(logp-ref\\)\\^2, for (\\w+(?:, \\w+)*)");

  /** Each is once the policy's beside each as the reference's: k3 meets its clamps among them. */
  private static final double[] LOG_PROBS = {-0.01, -0.5, -1.5, -4, -11, -35};

  private PublishedDivergenceCases() {}

  /**
   * An estimate with a plus has the value of the one without and the gradient of k2: in the plain
   * formula and on tensors.
   *
   * @throws IllegalArgumentException if another property is published
   */
  static void straightThrough(String property, GoldenComparison comparison) {
    Matcher names = STRAIGHT_THROUGH.matcher(property);
    if (!names.matches()) {
      throw new IllegalArgumentException("no check knows the property '" + property + "'");
    }
    TorchRuntime.prepareThread(1, false);
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        TensorObjective tensors = new TensorObjective(manager)) {
      for (String name : names.group(1).split(", ")) {
        straightThrough(name, tensors, comparison);
      }
    }
  }

  private static void straightThrough(
      String name, TensorObjective tensors, GoldenComparison comparison) {
    KlEstimate plus = KlEstimate.named(name + "+");
    double[] values = pairs(KlEstimate.named(name)::value);
    double[] slopes = pairs((logProb, reference) -> logProb - reference);
    comparison.compare(name + "+ value", json(values), pairs(plus::value));
    comparison.compare(name + "+ gradient", json(slopes), pairs(plus::gradient));
    float[] current = GoldenJson.floats(pairs((logProb, _) -> logProb));
    float[] reference = GoldenJson.floats(pairs((_, other) -> other));
    float[] nothing = new float[current.length];
    float[] weights = new float[current.length];
    Arrays.fill(weights, 1f / weights.length);
    TensorObjective.Result result =
        tensors.evaluate(
            divergenceAlone(plus),
            current,
            new PolicyTargets(
                List.of(current.length), nothing, current, nothing, current, reference, weights));
    comparison.compare(
        name + "+ tensor.kl",
        JsonNodeFactory.instance.numberNode(Arrays.stream(values).average().orElseThrow()),
        result.loss().kl());
    comparison.compare(
        name + "+ tensor.gradient",
        json(Arrays.stream(slopes).map(slope -> slope / slopes.length).toArray()),
        GoldenJson.doubles(result.gradient()));
  }

  private static DecoupledObjective divergenceAlone(KlEstimate kl) {
    return new DecoupledObjective(
        ClippedObjective.published(),
        ProximalRule.RECOMPUTED,
        new Correction.None(),
        CorrectedTokens.ALL,
        kl,
        1);
  }

  private static double[] pairs(DoubleBinaryOperator function) {
    return Arrays.stream(LOG_PROBS)
        .flatMap(
            logProb ->
                Arrays.stream(LOG_PROBS)
                    .map(reference -> function.applyAsDouble(logProb, reference)))
        .toArray();
  }

  private static ArrayNode json(double[] numbers) {
    ArrayNode list = JsonNodeFactory.instance.arrayNode();
    Arrays.stream(numbers).forEach(list::add);
    return list;
  }
}
