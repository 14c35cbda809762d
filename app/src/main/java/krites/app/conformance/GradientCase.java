package krites.app.conformance;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import krites.learner.AdamWSettings;
import krites.learner.PackedRows;
import krites.learner.TrainingCore;
import krites.model.image.ProcessedImage;
import krites.model.safetensors.SafetensorsFile;

/** The mean negative log-likelihood of one case, its gradients, and the AdamW steps on it. */
final class GradientCase {
  private static final String GRADIENT = "grad.";
  private static final String ONE_STEP = "adamw_step1.";
  private static final String THREE_STEPS = "adamw_step3.";

  private final GoldenModel golden;
  private final JsonNode json;
  private final Comparison compare;
  private final Path imageFolder;
  private final SafetensorsFile train;

  GradientCase(
      GoldenModel golden,
      JsonNode json,
      Comparison compare,
      Path imageFolder,
      SafetensorsFile train) {
    this.golden = golden;
    this.json = json;
    this.compare = compare;
    this.imageFolder = imageFolder;
    this.train = train;
  }

  void run() throws IOException {
    List<ProcessedImage> images = ForwardCase.images(golden, json, imageFolder);
    GoldenBatch batch = GoldenBatch.read(compare, images, golden.config());
    try (NDManager scope = golden.manager().newSubManager();
        TrainingCore core = golden.newCore()) {
      PackedRows rows = maskedTargets(batch, scope);
      float[] tokenWeights = new float[rows.targets()];
      Arrays.fill(tokenWeights, 1f / rows.targets());
      compare.value(
          "loss",
          GoldenJson.number(json, "mean_nll"),
          core.supervised(rows, tokenWeights),
          Comparison.LOSS);
      gradients(compare, core, train, GRADIENT);
      withoutGradient(core);
      steps(core, rows, tokenWeights);
    }
    optimizerAlone(golden, compare, train, settings(json, 0), learningRate(json), 1);
  }

  /** The tokens that {@code loss_mask} lets predict. */
  private PackedRows maskedTargets(GoldenBatch batch, NDManager scope) {
    long[] mask = compare.longs("loss_mask");
    int count = (int) Arrays.stream(mask).sum();
    long[] select = new long[count];
    long[] target = new long[count];
    int found = 0;
    for (int i = 0; i < mask.length; i++) {
      if (mask[i] != 0) {
        int place = i / (batch.width() - 1) * batch.width() + i % (batch.width() - 1);
        select[found] = place;
        target[found++] = batch.ids()[place + 1];
      }
    }
    return batch.packed(select, target, golden.config(), scope);
  }

  /** Compares every golden gradient with that of the core. */
  static void gradients(
      Comparison compare, TrainingCore core, SafetensorsFile train, String prefix) {
    for (String tensor : train.names()) {
      if (tensor.startsWith(prefix)) {
        String weight = tensor.substring(prefix.length());
        compare.gradient(tensor, train.floats(tensor), gradient(core, weight).toFloatArray());
      }
    }
  }

  static NDArray gradient(TrainingCore core, String weight) {
    return core.gradients().get(core.weights().layout().names().indexOf(weight));
  }

  static float[] weight(TrainingCore core, String weight) {
    return core.weights()
        .tensors()
        .get(core.weights().layout().names().indexOf(weight))
        .toFloatArray();
  }

  /** Square root of the sum of squares of all gradients. */
  static double norm(TrainingCore core) {
    double squares = 0;
    for (NDArray gradient : core.gradients()) {
      for (float value : gradient.toFloatArray()) {
        squares += (double) value * value;
      }
    }
    return Math.sqrt(squares);
  }

  /**
   * Weights that take no part in the loss have no gradient at all, so that weight decay leaves them
   * alone.
   */
  private void withoutGradient(TrainingCore core) {
    List<String> names = core.weights().layout().names();
    String ours =
        String.join(
            " ", names.stream().filter(name -> gradient(core, name).isEmpty()).sorted().toList());
    List<String> listed = new ArrayList<>();
    json.path("params_without_grad").forEach(name -> listed.add(name.asText()));
    listed.sort(null);
    compare.text("params_without_grad", String.join(" ", listed), ours);
    double norm = GoldenJson.number(json, "grad_norm_all_params");
    compare.value("grad_norm_all_params", norm, norm(core), Comparison.GRADIENTS * norm);
  }

  /** Steps from our own gradients, on the same batch, with the loss before and after each. */
  private void steps(TrainingCore core, PackedRows rows, float[] tokenWeights) {
    double[] losses =
        GoldenJson.numbers(
            GoldenJson.need(json.path("adamw"), "losses_before_and_after_each_step"));
    double rate = learningRate(json);
    AdamWSettings settings = settings(json, 0);
    for (int step = 1; step < losses.length; step++) {
      core.update(rate, settings);
      if (step == 1) {
        steppedOnce(compare, core, train, rate);
      }
      if (step == 3) {
        stepped(
            compare,
            core,
            train,
            THREE_STEPS,
            Comparison.CLEAR_SHARE,
            3 * rate,
            Comparison.LATER_STEP * rate);
      }
      compare.value(
          "loss after step " + step,
          losses[step],
          core.supervised(rows, tokenWeights),
          Comparison.LATER_LOSS);
    }
  }

  /** Compares weights after one step with the golden ones, by the two-part rule. */
  static void steppedOnce(
      Comparison compare, TrainingCore core, SafetensorsFile train, double rate) {
    stepped(compare, core, train, ONE_STEP, 0, rate, Comparison.STEP);
  }

  /**
   * @param clearShare share of a tensor's largest gradient below which noise decides
   * @param reach learning rates of all steps together
   * @param strict tolerance where the gradient is clear
   */
  private static void stepped(
      Comparison compare,
      TrainingCore core,
      SafetensorsFile train,
      String prefix,
      double clearShare,
      double reach,
      double strict) {
    for (String tensor : train.names()) {
      if (tensor.startsWith(prefix)) {
        String weight = tensor.substring(prefix.length());
        float[] expected = train.floats(tensor);
        float[] gradient =
            train.find(GRADIENT + weight).isPresent()
                ? train.floats(GRADIENT + weight)
                : new float[expected.length];
        double clear =
            Math.max(Comparison.CLEAR_GRADIENT, clearShare * Comparison.largest(gradient));
        double loose = Comparison.STEP_OF_NOISE * reach;
        compare.stepped(tensor, expected, weight(core, weight), gradient, clear, strict, loose);
      }
    }
  }

  /**
   * One step from the golden gradients.
   *
   * @param factor what the golden gradients are multiplied by before the step
   */
  static void optimizerAlone(
      GoldenModel golden,
      Comparison compare,
      SafetensorsFile train,
      AdamWSettings settings,
      double rate,
      double factor) {
    try (TrainingCore core = golden.newCore()) {
      Map<String, float[]> gradients = new HashMap<>();
      for (String tensor : train.names()) {
        if (tensor.startsWith(GRADIENT)) {
          float[] values = train.floats(tensor);
          for (int i = 0; i < values.length; i++) {
            values[i] *= (float) factor;
          }
          gradients.put(tensor.substring(GRADIENT.length()), values);
        }
      }
      core.setGradients(gradients);
      core.update(rate, settings);
      for (String tensor : train.names()) {
        if (tensor.startsWith(ONE_STEP)
            && gradients.containsKey(tensor.substring(ONE_STEP.length()))) {
          float[] ours = weight(core, tensor.substring(ONE_STEP.length()));
          compare.close(
              tensor + " (golden gradient)", train.floats(tensor), ours, Comparison.STEP_ALONE);
        }
      }
    }
  }

  static double learningRate(JsonNode json) {
    return GoldenJson.number(GoldenJson.need(json, "adamw"), "lr");
  }

  /** The optimizer settings of a case. */
  static AdamWSettings settings(JsonNode json, double maxNorm) {
    JsonNode adamw = GoldenJson.need(json, "adamw");
    double[] betas = GoldenJson.numbers(GoldenJson.need(adamw, "betas"));
    return new AdamWSettings(
        betas[0],
        betas[1],
        GoldenJson.number(adamw, "eps"),
        GoldenJson.number(adamw, "weight_decay"),
        maxNorm);
  }
}
