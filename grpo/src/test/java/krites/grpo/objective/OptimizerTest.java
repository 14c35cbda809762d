package krites.grpo.objective;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class OptimizerTest {
  @Test
  void theFirstStepIsTheLearningRateAgainstTheSignOfTheGradient() {
    float[] weights = {1, 1, 1};
    new PlainAdamW(3, new AdamSettings(0.9, 0.999, 0, 0))
        .step(weights, new float[] {5, -0.001f, 2}, 0.1);
    assertArrayEquals(new float[] {0.9f, 1.1f, 0.9f}, weights, 1e-6f);
  }

  @Test
  void weightDecayActsOnTheWeightAndNotThroughTheGradient() {
    float[] weights = {2};
    new PlainAdamW(1, new AdamSettings(0.9, 0.999, 1e-8, 0.5)).step(weights, new float[] {0}, 0.1);
    assertEquals(2 * (1 - 0.1f * 0.5f), weights[0], 1e-6f);
  }

  @Test
  void fourStepsOfTheReferencesAreMatched() {
    GoldenFile.cases("easyr1_adamw").forEach(OptimizerTest::checkGolden);
  }

  private interface Step {
    void apply(float[] weights, float[] gradient, double learningRate);
  }

  private static void checkGolden(JsonNode golden) {
    String name = golden.get("name").asText();
    boolean bfloat16 = golden.get("dtype").asText().equals("bfloat16");
    Precision precision = bfloat16 ? Precision.BFLOAT16 : Precision.FLOAT32;
    AdamSettings settings = AdamSettings.published();
    List<float[]> weights = arrays(golden.get("init"));
    List<Step> steps = new ArrayList<>();
    for (float[] parameter : weights) {
      int length = parameter.length;
      steps.add(
          name.equals("adamw")
              ? new PlainAdamW(length, settings)::step
              : new CompensatedAdamW(length, settings, precision, !name.contains("no Kahan"))
                  ::step);
    }
    for (JsonNode step : golden.get("steps")) {
      List<float[]> gradients = arrays(step.get("grads"));
      if (!step.get("clip_grad_norm_to").isNull()) {
        double norm =
            GradientClip.clip(gradients, step.get("clip_grad_norm_to").asDouble(), precision)
                .norm();
        double expected = step.get("grad_norm").asDouble();
        assertEquals(expected, norm, (bfloat16 ? 0.008 : 1e-5) * expected, name);
      }
      for (int p = 0; p < weights.size(); p++) {
        steps.get(p).apply(weights.get(p), gradients.get(p), golden.get("lr").asDouble());
        double[] expected = GoldenFile.numbers(step.get("params").get(p));
        for (int k = 0; k < expected.length; k++) {
          double tolerance = bfloat16 ? 0.008 * Math.abs(expected[k]) : 1e-5;
          assertEquals(
              expected[k], weights.get(p)[k], tolerance, name + " parameter " + p + " value " + k);
        }
      }
    }
  }

  @Test
  void compensationKeepsUpdatesThatBfloat16WouldLose() {
    AdamSettings settings = new AdamSettings(0.9, 0.999, 1e-8, 0);
    float[] kept = {1};
    float[] lost = {1};
    CompensatedAdamW compensated = new CompensatedAdamW(1, settings, Precision.BFLOAT16, true);
    CompensatedAdamW plain = new CompensatedAdamW(1, settings, Precision.BFLOAT16, false);
    for (int step = 0; step < 100; step++) {
      compensated.step(kept, new float[] {1}, 1e-4);
      plain.step(lost, new float[] {1}, 1e-4);
    }
    assertEquals(1, lost[0]);
    assertEquals(0.99, kept[0], 0.004);
  }

  @Test
  void bfloat16RoundsToTheNearestAndTiesToEven() {
    assertEquals(1f, Precision.BFLOAT16.round(1 + 1 / 256.0));
    assertEquals(1f + 1 / 64f, Precision.BFLOAT16.round(1 + 3 / 256.0));
    assertEquals(1f + 1 / 128f, Precision.BFLOAT16.round(1 + 1.01 / 256.0));
    assertEquals(Float.NEGATIVE_INFINITY, Precision.BFLOAT16.round(Double.NEGATIVE_INFINITY));
    assertEquals(Float.NaN, Precision.BFLOAT16.round(Double.NaN));
  }

  @Test
  void gradientsAreScaledTogetherToTheLimit() {
    float[] a = {3, 0};
    float[] b = {4};
    assertEquals(5, GradientClip.clip(List.of(a, b), 1).norm(), 1e-6);
    assertArrayEquals(new float[] {0.6f, 0}, a, 1e-6f);
    assertArrayEquals(new float[] {0.8f}, b, 1e-6f);
  }

  @Test
  void smallGradientsStayAsTheyAre() {
    float[] gradient = {0.3f, 0.4f};
    GradientClip.clip(List.of(gradient), 1);
    assertArrayEquals(new float[] {0.3f, 0.4f}, gradient);
  }

  @Test
  void aNormThatIsNotFiniteIsReportedAndNothingIsScaled() {
    float[] gradient = {Float.NaN, 2};
    assertFalse(GradientClip.clip(List.of(gradient), 1).finite());
    assertEquals(2, gradient[1]);
  }

  @Test
  void schedulesOfTheReferenceAreMatched() {
    GoldenFile.cases("easyr1_schedules")
        .filter(golden -> golden.has("lr_at_step"))
        .forEach(OptimizerTest::checkRates);
  }

  private static void checkRates(JsonNode golden) {
    JsonNode arguments = golden.get("args");
    double base = golden.get("base_lr").asDouble();
    long warmup = arguments.get("num_warmup_steps").asLong();
    LearningRate schedule =
        golden.get("what").asText().startsWith("constant")
            ? new LearningRate.Constant(base, warmup)
            : new LearningRate.Cosine(
                base,
                warmup,
                arguments.get("num_training_steps").asLong(),
                arguments.path("min_lr_ratio").asDouble(0),
                arguments.path("init_lr_ratio").asDouble(0));
    double[] expected = GoldenFile.numbers(golden.get("lr_at_step"));
    for (int step = 0; step < expected.length; step++) {
      assertEquals(expected[step], schedule.at(step), 1e-12, golden.get("what") + " step " + step);
    }
  }

  @Test
  void theAdaptiveCoefficientFollowsTheReference() {
    JsonNode golden =
        GoldenFile.cases("easyr1_schedules")
            .filter(node -> node.has("steps"))
            .findFirst()
            .orElseThrow();
    KlController controller = new KlController.Adaptive(0.01, 0.1, 10_000);
    for (JsonNode step : golden.get("steps")) {
      controller =
          controller.after(step.get("current_kl").asDouble(), step.get("n_steps").asLong());
      assertEquals(step.get("kl_coef_after").asDouble(), controller.coefficient(), 1e-12);
    }
    assertEquals(0.01, new KlController.Fixed(0.01).after(5, 1).coefficient());
  }

  @Test
  void settingsThatMakeNoSenseAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> new AdamSettings(1, 0.999, 1e-8, 0));
    assertThrows(IllegalArgumentException.class, () -> new LearningRate.Constant(-1, 0));
    assertThrows(IllegalArgumentException.class, () -> new KlController.Adaptive(0.1, 0, 1));
    PlainAdamW adam = new PlainAdamW(2, AdamSettings.published());
    assertThrows(IllegalArgumentException.class, () -> adam.step(new float[2], new float[3], 0.1));
  }

  private static List<float[]> arrays(JsonNode parameters) {
    List<float[]> arrays = new ArrayList<>();
    for (JsonNode parameter : parameters) {
      double[] values = GoldenFile.numbers(parameter);
      float[] floats = new float[values.length];
      for (int k = 0; k < values.length; k++) {
        floats[k] = (float) values[k];
      }
      arrays.add(floats);
    }
    return arrays;
  }
}
