package krites.grpo.flow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.grpo.EncodedPrompt;
import krites.grpo.FinishReason;
import krites.grpo.Group;
import krites.grpo.LogProbs;
import krites.grpo.PolicyVersion;
import krites.grpo.Prompt;
import krites.grpo.Response;
import krites.grpo.Reward;
import krites.grpo.ScoredGroup;
import krites.grpo.Task;
import krites.grpo.TokenIds;
import krites.grpo.TokenVersions;
import krites.grpo.flow.RewardPolicy.OnFailure;
import org.junit.jupiter.api.Test;

final class RewardPolicyTest {
  private static final Duration SECOND = Duration.ofSeconds(1);

  @Test
  void aDefaultRewardIsMarkedForEachResponse() {
    ScoredGroup scored =
        new RewardPolicy(SECOND, 1, 0, SECOND, OnFailure.DEFAULT, -0.5)
            .byDefault(group())
            .orElseThrow();
    assertEquals(
        List.of(new Reward(-0.5, Map.of("default", 1.0)), new Reward(-0.5, Map.of("default", 1.0))),
        scored.rewards());
    assertTrue(RewardPolicy.isDefault(scored.rewards().getFirst()));
    assertFalse(RewardPolicy.isDefault(new Reward(1, Map.of("accuracy", 1.0))));
  }

  @Test
  void whereGroupsAreDroppedThereIsNoDefault() {
    assertEquals(Optional.empty(), RewardPolicy.STANDARD.byDefault(group()));
  }

  @Test
  void impossibleValuesAreRefused() {
    refused(Duration.ZERO, 1, 0, SECOND, 0);
    refused(SECOND, 0, 0, SECOND, 0);
    refused(SECOND, 1, -1, SECOND, 0);
    refused(SECOND, 1, 0, Duration.ZERO, 0);
    refused(SECOND, 1, 0, SECOND, Double.NaN);
  }

  private static void refused(
      Duration deadline, int attempts, int failures, Duration cooldown, double reward) {
    assertThrows(
        IllegalArgumentException.class,
        () -> new RewardPolicy(deadline, attempts, failures, cooldown, OnFailure.DEFAULT, reward));
  }

  private static Group group() {
    PolicyVersion version = new PolicyVersion(0, 0);
    Response response =
        new Response(
            TokenIds.of(7),
            LogProbs.of(0f),
            FinishReason.STOP,
            "yes",
            TokenVersions.of(version, 1));
    return new Group(
        1,
        new Prompt("p", Task.CRITIC, "Which?", List.of(), "1", Map.of()),
        new EncodedPrompt(TokenIds.of(1), List.of()),
        List.of(response, response));
  }
}
