package krites.learner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Random;
import krites.grpo.EncodedPrompt;
import krites.grpo.FinishReason;
import krites.grpo.Group;
import krites.grpo.LogProbs;
import krites.grpo.PolicyVersion;
import krites.grpo.Prompt;
import krites.grpo.Response;
import krites.grpo.Reward;
import krites.grpo.ScoredGroup;
import krites.grpo.StepReport;
import krites.grpo.Task;
import krites.grpo.TokenIds;
import krites.grpo.TokenVersions;
import krites.grpo.TrainingBatch;
import krites.grpo.TrainingGroup;
import krites.grpo.Tuning;
import krites.grpo.objective.CorrectedTokens;
import krites.grpo.objective.Correction;
import krites.grpo.objective.DecoupledObjective;
import krites.grpo.objective.KlEstimate;
import krites.grpo.objective.LearningRate;
import krites.grpo.objective.ProximalRule;
import krites.grpo.port.PolicyTrainer;
import krites.model.image.ImagePipeline;
import krites.model.image.ImageProcessor;
import krites.model.qwen25vl.Precision;
import krites.model.safetensors.DType;
import krites.model.weights.WeightStore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Steps of a whole trainer on the small golden model, with text alone. */
class DjlPolicyTrainerTest {
  private static final Path MODEL =
      Path.of("..", "model", "src", "test", "resources", "golden", "models", "a");
  private static final Tuning TUNED =
      new Tuning(
          OptionalDouble.of(2e-3),
          OptionalDouble.of(0.05),
          OptionalDouble.of(0.06),
          OptionalDouble.of(0.5));

  @TempDir Path folder;
  private int trainers;

  /** What two steps end with: the digest of the weights and the numbers of each step. */
  private record Ran(String digest, List<Map<String, Double>> steps) {}

  @Test
  void aTunedStepIsThatOfATrainerConfiguredSo() {
    Ran tuned = run(settings(1e-3, objective(0.2, 0.3, 0.01), 2), TUNED, TUNED);
    Ran configured = run(settings(2e-3, objective(0.05, 0.06, 0.5), 2), Tuning.NONE, Tuning.NONE);
    assertEquals(configured.digest(), tuned.digest());
    assertNotEquals(
        configured.digest(),
        run(settings(1e-3, objective(0.2, 0.3, 0.01), 2), Tuning.NONE, Tuning.NONE).digest());
  }

  @Test
  void theStepAfterATunedOneIsAsConfigured() {
    Ran ran = run(settings(1e-3, objective(0.2, 0.3, 0), 1), TUNED, Tuning.NONE);
    assertEquals(2e-3, ran.steps().get(0).get("learner/lr"));
    assertEquals(1e-3, ran.steps().get(1).get("learner/lr"));
    assertTrue(ran.steps().get(0).containsKey("learner/reference_seconds"));
    assertFalse(
        ran.steps().get(1).containsKey("learner/reference_seconds"),
        "without a KL term nothing is asked of the reference");
  }

  @Test
  void theDivergenceCanBeTurnedOnAndOffWhileTheRunGoesOn() {
    Ran on = run(settings(1e-3, objective(0.2, 0.3, 0), 1), Tuning.NONE, kl(0.5));
    Ran off = run(settings(1e-3, objective(0.2, 0.3, 0.5), 1), kl(0), Tuning.NONE);
    assertEquals(off.digest(), on.digest(), "no divergence in step 1, one in step 2");
    assertFalse(off.steps().get(0).containsKey("learner/reference_seconds"));
    assertTrue(on.steps().get(1).get("learner/kl") > 0, "the policy has left the reference");
    assertEquals(0, off.steps().get(0).get("learner/kl"));
  }

  @Test
  void onlyTheRecomputedRuleNeedsAPassBeforeSeveralUpdates() {
    for (ProximalRule rule : ProximalRule.values()) {
      DecoupledObjective loss =
          new DecoupledObjective(
              objective(0.2, 0.3, 0).policy(),
              rule,
              new Correction.None(),
              CorrectedTokens.STALE,
              KlEstimate.K3,
              0);
      Ran ran = run(settings(1e-3, loss, 2), Tuning.NONE, Tuning.NONE);
      assertEquals(
          rule == ProximalRule.RECOMPUTED,
          ran.steps().get(0).containsKey("learner/reference_seconds"),
          rule + "");
    }
  }

  /** Step 2 trains version 1 on one group of version 0 and one of its own. */
  @Test
  void mismatchAndStalenessAreCountedApart() {
    Map<String, Double> step =
        run(settings(1e-3, objective(0.2, 0.3, 0), 1), Tuning.NONE, Tuning.NONE).steps().get(1);
    double share = step.get("learner/stale_token_share");
    assertTrue(share > 0 && share < 1, "share " + share);
    assertTrue(step.get("learner/staleness_ratio_max") >= step.get("learner/staleness_ratio_mean"));
    assertTrue(step.get("learner/staleness_ratio_mean") >= step.get("learner/staleness_ratio_min"));
    assertTrue(step.get("learner/mismatch_abs_max") > 0);
    assertEquals(0, step.get("learner/masked_token_share"));
  }

  @Test
  void aTrainerThatGoesOnFromItsFilesMakesTheSameBits() throws IOException {
    List<TrainingCore.Choice> choices =
        List.of(
            new TrainingCore.Choice(false, Precision.BF16, false),
            new TrainingCore.Choice(true, Precision.BF16, true),
            new TrainingCore.Choice(true, Precision.F32, false));
    for (TrainingCore.Choice choice : choices) {
      TrainerSettings settings = settings(1e-3, objective(0.2, 0.3, 0.01), 2, choice);
      Path saved = Files.createDirectory(folder.resolve("saved-" + trainers));
      String half;
      try (DjlPolicyTrainer trainer = trainer(settings, start())) {
        step(trainer, batch(1, 0, 0, Tuning.NONE));
        half = trainer.publish().digest();
        trainer.save(saved);
      }
      Optional<Path> optimizer = Optional.of(saved.resolve(DjlPolicyTrainer.OPTIMIZER_FILE));
      var again = new DjlPolicyTrainer.Start(saved, MODEL, optimizer, new PolicyVersion(0, 1));
      try (DjlPolicyTrainer trainer = trainer(settings, again)) {
        assertEquals(half, trainer.publish().digest(), choice + "");
      }
      try (DjlPolicyTrainer trainer = trainer(settings, again)) {
        step(trainer, batch(2, 1, 0, Tuning.NONE));
        assertEquals(
            run(settings, Tuning.NONE, Tuning.NONE).digest(),
            trainer.publish().digest(),
            choice + "");
      }
    }
  }

  private static DjlPolicyTrainer.Start start() {
    return new DjlPolicyTrainer.Start(MODEL, MODEL, Optional.empty(), new PolicyVersion(0, 0));
  }

  private DjlPolicyTrainer trainer(TrainerSettings settings, DjlPolicyTrainer.Start start) {
    return new DjlPolicyTrainer(
        start,
        settings,
        image -> {
          throw new IOException("no image in this test");
        },
        ImagePipeline.of(ImageProcessor.load(MODEL)),
        new WeightStore(folder.resolve("trainer-" + trainers++), Precision.F32),
        (directory, weights) -> {
          Files.copy(MODEL.resolve("config.json"), directory.resolve("config.json"));
          weights.save(directory, DType.F32);
        });
  }

  private Ran run(TrainerSettings settings, Tuning first, Tuning second) {
    List<Map<String, Double>> steps = new ArrayList<>();
    try (DjlPolicyTrainer trainer = trainer(settings, start())) {
      steps.add(step(trainer, batch(1, 0, 0, first)));
      steps.add(step(trainer, batch(2, 1, 0, second)));
      return new Ran(trainer.publish().digest(), steps);
    }
  }

  static Map<String, Double> step(PolicyTrainer trainer, TrainingBatch batch) {
    trainer.begin(batch);
    Optional<StepReport> report = trainer.advance();
    while (report.isEmpty()) {
      report = trainer.advance();
    }
    return report.get().metrics();
  }

  private static TrainerSettings settings(double rate, DecoupledObjective loss, int updates) {
    return settings(rate, loss, updates, TrainingCore.Choice.PLAIN);
  }

  private static TrainerSettings settings(
      double rate, DecoupledObjective loss, int updates, TrainingCore.Choice choice) {
    return new TrainerSettings(
        new Objective(1, loss),
        TokenWeights.MICRO_BATCH_TOKEN_MEAN,
        8,
        AdamWSettings.PUBLISHED,
        new LearningRate.Constant(rate, 0),
        updates,
        64,
        choice,
        1,
        Device.cpu());
  }

  static DecoupledObjective objective(double clipLow, double clipHigh, double kl) {
    return DecoupledObjective.published().with(clipLow, clipHigh, kl);
  }

  private static Tuning kl(double coefficient) {
    OptionalDouble none = OptionalDouble.empty();
    return new Tuning(none, none, none, OptionalDouble.of(coefficient));
  }

  /** Two groups of random tokens: one of the trained version, one of version {@code older}. */
  static TrainingBatch batch(long step, long version, long older, Tuning tuning) {
    Random random = new Random(step);
    List<TrainingGroup> groups =
        List.of(
            group(1, random, new PolicyVersion(0, version)),
            group(2, random, new PolicyVersion(0, older)));
    return new TrainingBatch(step, new PolicyVersion(0, version), groups, 1, tuning);
  }

  static TrainingGroup group(long id, Random random, PolicyVersion version) {
    Prompt prompt = new Prompt("p" + id, Task.CRITIC, "text", List.of(), "1", Map.of());
    List<Response> responses = new ArrayList<>();
    for (int r = 0; r < 3; r++) {
      responses.add(response(random, 3 + random.nextInt(4), version));
    }
    Group group =
        new Group(id, prompt, new EncodedPrompt(TokenIds.of(ids(random, 5)), List.of()), responses);
    List<Reward> rewards =
        List.of(new Reward(1, Map.of()), new Reward(0, Map.of()), new Reward(0, Map.of()));
    return new TrainingGroup(new ScoredGroup(group, rewards), List.of(1.15, -0.58, -0.57));
  }

  private static Response response(Random random, int tokens, PolicyVersion version) {
    float[] logProbs = new float[tokens];
    for (int t = 0; t < tokens; t++) {
      logProbs[t] = (float) (-6.5 + 0.5 * random.nextGaussian());
    }
    return new Response(
        TokenIds.of(ids(random, tokens)),
        LogProbs.of(logProbs),
        FinishReason.STOP,
        "text",
        TokenVersions.of(version, tokens));
  }

  private static int[] ids(Random random, int count) {
    return random.ints(count, 10, 900).toArray();
  }
}
