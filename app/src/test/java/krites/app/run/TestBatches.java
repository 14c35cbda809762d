package krites.app.run;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import krites.grpo.EncodedPrompt;
import krites.grpo.FinishReason;
import krites.grpo.Group;
import krites.grpo.ImageGrid;
import krites.grpo.ImageRef;
import krites.grpo.LogProbs;
import krites.grpo.PolicyVersion;
import krites.grpo.Prompt;
import krites.grpo.Response;
import krites.grpo.Reward;
import krites.grpo.ScoredGroup;
import krites.grpo.Task;
import krites.grpo.TokenIds;
import krites.grpo.TokenVersions;
import krites.grpo.TrainingBatch;
import krites.grpo.TrainingGroup;
import krites.grpo.Tuning;

/** Batches of any size, the same for the same seed. */
final class TestBatches {
  private TestBatches() {}

  static TrainingBatch batch(long seed, long step, long term, int groups) {
    SplittableRandom random = new SplittableRandom(seed);
    List<TrainingGroup> all = new ArrayList<>();
    PolicyVersion policy = new PolicyVersion(term, step - 1);
    for (int i = 0; i < groups; i++) {
      all.add(group(random, 100 * step + i, policy));
    }
    Tuning tuning =
        new Tuning(
            random.nextBoolean() ? OptionalDouble.of(random.nextDouble()) : OptionalDouble.empty(),
            OptionalDouble.empty(),
            OptionalDouble.of(0.25),
            OptionalDouble.empty());
    return new TrainingBatch(step, policy, all, 3, tuning);
  }

  private static TrainingGroup group(SplittableRandom random, long id, PolicyVersion policy) {
    List<Response> responses = new ArrayList<>();
    List<Reward> rewards = new ArrayList<>();
    List<Double> advantages = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      int tokens = 1 + random.nextInt(20);
      float[] logProbs = new float[tokens];
      int[] ids = new int[tokens];
      for (int t = 0; t < tokens; t++) {
        ids[t] = random.nextInt(1000);
        logProbs[t] = -random.nextFloat();
      }
      responses.add(
          new Response(
              TokenIds.of(ids),
              LogProbs.of(logProbs),
              FinishReason.STOP,
              "é \\boxed{" + random.nextInt() + "}",
              TokenVersions.of(policy, tokens)));
      rewards.add(new Reward(random.nextDouble(), Map.of("accuracy", random.nextDouble())));
      advantages.add(random.nextDouble() - 0.5);
    }
    Prompt prompt =
        new Prompt(
            "p" + id,
            Task.values()[0],
            "<image>Which is better?",
            List.of(new ImageRef("world:1")),
            "1",
            Map.of("kind", "color"));
    EncodedPrompt encoded =
        new EncodedPrompt(TokenIds.of(1, 2, 3), List.of(new ImageGrid(1, 2, 2)));
    return new TrainingGroup(
        new ScoredGroup(new Group(id, prompt, encoded, responses), rewards), advantages);
  }
}
