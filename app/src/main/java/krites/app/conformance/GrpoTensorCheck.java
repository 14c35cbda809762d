package krites.app.conformance;

import static krites.app.conformance.GoldenJson.integers;
import static krites.app.conformance.GoldenJson.need;
import static krites.app.conformance.GoldenJson.numbers;
import static krites.app.conformance.GoldenJson.table;
import static krites.app.conformance.GoldenJson.text;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import krites.grpo.objective.Aggregation;
import krites.grpo.objective.ClippedObjective;
import krites.grpo.objective.CorrectedTokens;
import krites.grpo.objective.Correction;
import krites.grpo.objective.DecoupledObjective;
import krites.grpo.objective.KlEstimate;
import krites.grpo.objective.PolicyObjective;
import krites.grpo.objective.ProximalRule;
import krites.grpo.objective.TokenMask;
import krites.learner.PolicyTargets;
import krites.learner.TensorObjective;
import krites.learner.TrainingCore;
import krites.model.torchscript.TorchRuntime;

/**
 * The objectives that the learner runs on tensors, against the same golden files as {@link
 * GrpoCheck}: policy losses and divergences with their gradients.
 *
 * <p>The divergence over whole distributions ({@code full}) has no tensor form and is left to the
 * plain check.
 */
public final class GrpoTensorCheck implements ConformanceCheck {
  private static final String POLICY = "_policy_loss.json";
  private static final String DIVERGENCE = "_kl.json";

  @Override
  public String name() {
    return "grpo";
  }

  @Override
  public boolean appliesTo(Path directory) {
    return Files.isDirectory(directory.resolve(name()));
  }

  @Override
  public void run(Path directory, Consumer<CaseResult> results) throws IOException {
    List<Path> files;
    try (Stream<Path> entries = Files.list(directory.resolve(name()))) {
      files = entries.filter(file -> isOurs(file.toString())).sorted().toList();
    }
    TorchRuntime.prepareThread(1, false);
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        TensorObjective tensors = new TensorObjective(manager)) {
      for (Path file : files) {
        runFile(file, tensors, results);
      }
    }
  }

  private static boolean isOurs(String file) {
    return file.endsWith(POLICY) || file.endsWith(DIVERGENCE);
  }

  private void runFile(Path file, TensorObjective tensors, Consumer<CaseResult> results)
      throws IOException {
    String stem = file.getFileName().toString().replaceFirst("\\.json$", "");
    JsonNode cases = GoldenJson.cases(this, stem, "tensor file", file, results);
    for (int i = 0; i < cases.size(); i++) {
      String caseName = stem + "/" + i;
      GoldenComparison compare = new GoldenComparison(name(), caseName, results);
      try {
        if (file.toString().endsWith(POLICY)) {
          policyLoss(stem.substring(0, stem.indexOf('_')), cases.get(i), tensors, compare);
        } else if (!text(cases.get(i), "kl_penalty").equals("full")) {
          divergence(cases.get(i), tensors, compare);
        }
      } catch (RuntimeException trouble) {
        String note = String.valueOf(trouble.getMessage());
        results.accept(CaseResult.failed(name(), caseName, "tensor case", note));
      }
    }
  }

  private static void policyLoss(
      String source, JsonNode golden, TensorObjective tensors, GoldenComparison compare) {
    JsonNode parameters = need(golden, "params");
    JsonNode inputs = need(golden, "inputs");
    TokenMask mask = TokenMask.of(integers(inputs, "response_mask"));
    Counted counted = new Counted(mask);
    Aggregation aggregation = GrpoLossCases.aggregation(source, parameters, mask);
    DecoupledObjective objective =
        plain(GrpoLossCases.objective(source, parameters), KlEstimate.K3, 0);
    float[] logProbs = counted.pick(table(inputs, "log_probs"));
    float[] advantages = counted.pick(table(inputs, "advantages"));
    float[] old = counted.pick(table(inputs, "old_log_probs"));
    float[] weights = counted.pick(aggregation.weights(mask));
    TensorObjective.Result result =
        tensors.evaluate(
            objective, logProbs, counted.targets(advantages, old, new float[0], weights));
    compare.compare("tensor.loss", need(golden, "loss"), result.loss().loss());
    compare.compare(
        "tensor.gradient", need(golden, "grad_log_probs"), counted.spread(result.gradient()));
    float[] equal = new float[weights.length];
    Arrays.fill(equal, 1f / Math.max(1, weights.length));
    TrainingCore.PolicyLoss metrics =
        tensors
            .evaluate(objective, logProbs, counted.targets(advantages, old, new float[0], equal))
            .loss();
    JsonNode expected = need(golden, "metrics");
    for (String name : List.of("pg_clipfrac_higher", "actor/pg_clipfrac")) {
      compareIfThere("tensor." + name, expected.path(name), metrics.clippedHigh(), compare);
    }
    for (String name : List.of("pg_clipfrac_lower", "actor/pg_clipfrac_lower")) {
      compareIfThere("tensor." + name, expected.path(name), metrics.clippedLow(), compare);
    }
    for (String name : List.of("ppo_kl", "actor/ppo_kl")) {
      compareIfThere("tensor." + name, expected.path(name), metrics.policyKl(), compare);
    }
  }

  private static void compareIfThere(
      String item, JsonNode golden, double actual, GoldenComparison compare) {
    if (!golden.isMissingNode()) {
      compare.compare(item, golden, actual);
    }
  }

  /** A divergence alone: advantages of 0, and the case's weights as those of the average. */
  private static void divergence(
      JsonNode golden, TensorObjective tensors, GoldenComparison compare) {
    double[][] logProbs = table(golden, "log_probs");
    boolean[][] all = new boolean[logProbs.length][];
    for (int i = 0; i < all.length; i++) {
      all[i] = new boolean[logProbs[i].length];
      Arrays.fill(all[i], true);
    }
    Counted counted = new Counted(TokenMask.of(all));
    KlEstimate estimate = KlEstimate.named(text(golden, "kl_penalty"));
    float[] current = counted.pick(logProbs);
    double[] values = numbers(need(golden, "kl"));
    double[] weights = numbers(need(golden, "weights"));
    double sum = 0;
    for (int k = 0; k < values.length; k++) {
      sum += values[k] * weights[k];
    }
    TensorObjective.Result result =
        tensors.evaluate(
            plain(ClippedObjective.published(), estimate, 1),
            current,
            counted.targets(
                new float[current.length],
                current,
                counted.pick(table(golden, "ref_log_probs")),
                GoldenJson.floats(weights)));
    compare.compare("tensor.kl", JsonNodeFactory.instance.numberNode(sum), result.loss().kl());
    compare.compare(
        "tensor.gradient",
        need(golden, "grad_log_probs_of_weighted_sum"),
        counted.spread(result.gradient()));
  }

  private static DecoupledObjective plain(
      PolicyObjective policy, KlEstimate kl, double klCoefficient) {
    return new DecoupledObjective(
        policy,
        ProximalRule.RECOMPUTED,
        new Correction.None(),
        CorrectedTokens.ALL,
        kl,
        klCoefficient);
  }

  /** The tokens that a mask lets through, flat. */
  private record Counted(TokenMask mask) {
    float[] pick(double[][] table) {
      List<Double> picked = new ArrayList<>();
      for (int i = 0; i < mask.rows(); i++) {
        for (int t = 0; t < mask.width(i); t++) {
          if (mask.at(i, t)) {
            picked.add(table[i][t]);
          }
        }
      }
      return GoldenJson.floats(picked.stream().mapToDouble(Double::doubleValue).toArray());
    }

    double[][] spread(float[] flat) {
      double[][] table = new double[mask.rows()][];
      int at = 0;
      for (int i = 0; i < table.length; i++) {
        table[i] = new double[mask.width(i)];
        for (int t = 0; t < table[i].length; t++) {
          table[i][t] = mask.at(i, t) ? flat[at++] : 0;
        }
      }
      return table;
    }

    PolicyTargets targets(float[] advantages, float[] old, float[] reference, float[] weights) {
      List<Integer> lengths = new ArrayList<>();
      for (int i = 0; i < mask.rows(); i++) {
        lengths.add(mask.count(i));
      }
      return new PolicyTargets(
          lengths, advantages, old, new float[advantages.length], old, reference, weights);
    }
  }
}
