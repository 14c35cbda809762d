package krites.actors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import krites.grpo.Drop;
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
import krites.grpo.flow.Account;
import krites.grpo.flow.RewardPolicy;
import krites.grpo.flow.RewardPolicy.OnFailure;
import krites.grpo.record.SampleRecord;
import org.junit.jupiter.api.Test;

/** Two groups of two responses, worked by hand. */
final class StepMetricsTest {
  private static final PolicyVersion V4 = new PolicyVersion(0, 4);
  private static final PolicyVersion V5 = new PolicyVersion(0, 5);

  private final TrainingBatch batch =
      TrainingBatch.of(
          6, V5, List.of(group(1, Task.CRITIC, V4, 1, 0), group(2, Task.POLICY, V5, 1, 1)), 1);

  @Test
  void theNumbersOfAStepAreThoseOfItsBatch() {
    Map<String, Double> metrics =
        StepMetrics.compose(
                batch,
                new StepReport(6, V5.next(), false, Map.of("loss/policy", -0.25)),
                new Account(20, 12, Map.of(Drop.STALE, 3L), 5),
                Map.of("bias/z", 1.5),
                Map.of("tokens/decoded", 99.0),
                new StepMetrics.Seconds(3, 1, 2))
            .metrics();
    assertEquals(0.775, metrics.get("reward/mean"), 1e-12); // 1, 0.1, 1, 1
    assertEquals(0.45, metrics.get("reward/std"), 1e-12);
    assertEquals(0.75, metrics.get("reward/accuracy_mean"), 1e-12);
    assertEquals(0, metrics.get("reward/default_rate"));
    assertEquals(1.0, metrics.get("response/format_rate"));
    assertEquals(0.5, metrics.get("critic/accuracy"));
    assertEquals(1.0, metrics.get("policy/accuracy"));
    assertEquals(0.5, metrics.get("critic/share"));
    assertEquals(0.55, metrics.get("critic/reward_mean"), 1e-12); // 1, 0.1
    assertEquals(1.0, metrics.get("policy/reward_mean"), 1e-12);
    assertEquals(2.5, metrics.get("response/tokens_mean")); // 2 and 3 tokens in each group
    assertEquals(3, metrics.get("response/tokens_max"));
    assertEquals(0.5, metrics.get("response/cut_rate"));
    assertEquals(0.5, metrics.get("groups/age_mean"));
    assertEquals(1, metrics.get("groups/age_max"));
    assertEquals(0.5, metrics.get("groups/flat_rate"));
    assertEquals(5, metrics.get("groups/in_flight"));
    assertEquals(3, metrics.get("dropped/stale"));
    assertEquals(0, metrics.get("dropped/worker_lost"));
    assertEquals(-0.25, metrics.get("loss/policy"));
    assertEquals(99, metrics.get("rollout/tokens/decoded"));
    assertEquals(4, metrics.get("seconds/step"));
    assertEquals(1, metrics.get("seconds/wait_batch"));
    assertEquals(
        (10 + 4 * 2) / 4.0,
        metrics.get("step/tokens_per_second")); // two prompt tokens per response
    assertFalse(metrics.containsKey("caption/accuracy"));
  }

  @Test
  void aDefaultRewardCountsInTheMeanAndInItsOwnRateAndInNoTerm() {
    TrainingGroup real = group(1, Task.CRITIC, V5, 1, 0);
    ScoredGroup byDefault =
        new RewardPolicy(Duration.ofSeconds(1), 1, 0, Duration.ofSeconds(1), OnFailure.DEFAULT, -1)
            .byDefault(real.group())
            .orElseThrow();
    ScoredGroup judged =
        new ScoredGroup(
            real.group(),
            List.of(new Reward(1, Map.of("colour", 0.5)), new Reward(0, Map.of("colour", 0.25))));
    List<TrainingGroup> groups =
        List.of(
            new TrainingGroup(byDefault, List.of(0.0, 0.0)),
            new TrainingGroup(judged, List.of(1.0, -1.0)));
    Map<String, Double> metrics =
        StepMetrics.compose(
                TrainingBatch.of(6, V5, groups, 1),
                new StepReport(6, V5.next(), false, Map.of()),
                new Account(2, 2, Map.of(), 0),
                Map.of(),
                Map.of(),
                new StepMetrics.Seconds(3, 1, 2))
            .metrics();
    assertEquals(0.5, metrics.get("reward/default_rate"));
    assertEquals(-0.25, metrics.get("reward/mean")); // -1, -1, 1, 0
    assertEquals(0.375, metrics.get("reward/colour_mean"), "any term has its mean");
    assertFalse(metrics.containsKey("reward/default_mean"));
  }

  @Test
  void samplesGoThroughTheGroupsBeforeAGroupGivesASecondOne() {
    List<SampleRecord> samples = StepMetrics.samples(batch, 3);
    assertEquals(List.of(1L, 2L, 1L), samples.stream().map(SampleRecord::groupId).toList());
    assertEquals(-1.0, samples.getLast().advantage());
    assertEquals("second", samples.getLast().response());
    assertEquals(4, StepMetrics.samples(batch, 100).size());
    assertTrue(StepMetrics.samples(batch, 0).isEmpty());
  }

  @Test
  void meanAndSampleDeviationAreThoseOfTheTextbook() {
    Mean mean = new Mean();
    assertTrue(Double.isNaN(mean.value()));
    for (double value : new double[] {2, 4, 4, 4, 5, 5, 7, 9}) {
      mean.add(value);
    }
    assertEquals(5, mean.value(), 1e-12);
    assertEquals(Math.sqrt(32 / 7.0), mean.deviation(), 1e-12);
    assertEquals(9, mean.max());
  }

  private static TrainingGroup group(
      long id, Task task, PolicyVersion version, double first, double second) {
    Prompt prompt = new Prompt("p" + id, task, "text", List.of(), "1", Map.of());
    List<Response> responses =
        List.of(
            new Response(
                TokenIds.of(1, 2),
                LogProbs.of(-1, -1),
                FinishReason.STOP,
                "first",
                versions(version, 2)),
            new Response(
                TokenIds.of(1, 2, 3),
                LogProbs.of(-1, -1, -1),
                FinishReason.LENGTH,
                "second",
                versions(version, 3)));
    Group group = new Group(id, prompt, new EncodedPrompt(TokenIds.of(8, 9), List.of()), responses);
    return new TrainingGroup(
        new ScoredGroup(group, List.of(World.reward(first, 1), World.reward(second, 1))),
        List.of(1.0, -1.0));
  }

  /** The first token of that version, the others of V5. */
  private static TokenVersions versions(PolicyVersion first, int tokens) {
    return TokenVersions.of(first, 1).concat(TokenVersions.of(V5, tokens - 1));
  }
}
