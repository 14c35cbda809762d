package krites.reward;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import krites.grpo.FinishReason;
import krites.grpo.LogProbs;
import krites.grpo.PolicyVersion;
import krites.grpo.Prompt;
import krites.grpo.Response;
import krites.grpo.Reward;
import krites.grpo.Task;
import krites.grpo.TokenIds;
import krites.grpo.TokenVersions;
import krites.grpo.port.RewardFunction;
import org.junit.jupiter.api.Test;

final class ExternalRewardTest {
  private static final String RIGHT = "<think>a</think>\\boxed{1}";
  private static final String NO_LAYOUT = "\\boxed{2}";

  @Test
  void theFormatTermIsWeighedBesideTheOtherReward() {
    var reward = external((prompt, response) -> new Reward(0.5, Map.of("style", 0.25)));

    List<Reward> rewards =
        reward.scoreAll(prompt("1"), List.of(response(RIGHT, 0), response(NO_LAYOUT, 0)));

    assertEquals(0.9 * 0.5 + 0.1, rewards.get(0).total(), 1e-12);
    assertEquals(0.9 * 0.5, rewards.get(1).total(), 1e-12);
    assertEquals(
        Map.of("external", 0.5, "style", 0.25, "format", 1.0, "accuracy", 1.0),
        rewards.get(0).terms());
    assertEquals(
        Map.of("external", 0.5, "style", 0.25, "format", 0.0, "accuracy", 0.0),
        rewards.get(1).terms());
  }

  @Test
  void termsOfTheOtherRewardComeFirstAndAMissingTruthIsNoTerm() {
    var reward =
        external((prompt, response) -> new Reward(1, Map.of("format", 0.5, "accuracy", 0.75)));

    Reward scored = reward.score(prompt("whatever"), response(RIGHT, 0));

    assertEquals(0.9 + 0.1 * 0.5, scored.total(), 1e-12);
    assertEquals(0.75, scored.terms().get("accuracy"));
    var without = external((prompt, response) -> new Reward(1, Map.of()));
    assertFalse(
        without.score(prompt("whatever"), response(RIGHT, 0)).terms().containsKey("accuracy"));
  }

  @Test
  void everyWayToBeNoRewardIsAFailureWithAReason() {
    Prompt prompt = prompt("1");
    List<Response> two = List.of(response(RIGHT, 0), response(RIGHT, 0));
    assertFails(
        "the reward gave 1 rewards for 2 responses",
        giving(List.of(new Reward(1, Map.of()))),
        prompt,
        two);
    assertFails(
        "the reward gave null for a response",
        giving(Arrays.asList(new Reward(1, Map.of()), null)),
        prompt,
        two);
    assertFails("the reward gave null for a group", giving(null), prompt, two);
    assertFails(
        "the reward gave NaN for its term x",
        external((p, r) -> new Reward(1, Map.of("x", Double.NaN))),
        prompt,
        two);
    assertFails(
        "the reward failed with java.lang.NoClassDefFoundError: lib/Missing",
        external(
            (p, r) -> {
              throw new NoClassDefFoundError("lib/Missing");
            }),
        prompt,
        two);
  }

  @Test
  void theWeightGoesInALineWithTheOldestVersionOfTheGroup() {
    FormatWeight weight = new FormatWeight(0.5, 0.1, 4);
    assertEquals(0.5, weight.at(0));
    assertEquals(0.3, weight.at(2), 1e-12);
    assertEquals(0.1, weight.at(4));
    assertEquals(0.1, weight.at(1000));

    List<Reward> rewards =
        new CriticReward(weight)
            .scoreAll(prompt("1"), List.of(response(NO_LAYOUT, 9), response(RIGHT, 2)));

    assertEquals(List.of(0.0, 1.0), rewards.stream().map(Reward::total).toList());
    for (Reward reward : rewards) {
      assertEquals(0.3, reward.terms().get("format_weight"), 1e-12);
    }
    Reward outside =
        new ExternalReward((p, r) -> new Reward(1, Map.of()), weight)
            .score(prompt("1"), response(NO_LAYOUT, 2));
    assertEquals(0.7, outside.total(), 1e-12);
    assertEquals(0.3, outside.terms().get("format_weight"), 1e-12);
  }

  @Test
  void aFixedWeightIsNoTermAndAnImpossibleOneIsRefused() {
    Reward reward = new CriticReward(0.1).score(prompt("1"), response(RIGHT, 2));
    assertEquals(List.of("accuracy", "format"), List.copyOf(reward.terms().keySet()));
    assertThrows(IllegalArgumentException.class, () -> new FormatWeight(0.1, 1.1, 4));
    assertThrows(IllegalArgumentException.class, () -> new FormatWeight(0.1, 0.1, -1));
    assertTrue(new FormatWeight(0, 1, 1).changes());
  }

  private static void assertFails(
      String message, ExternalReward reward, Prompt prompt, List<Response> responses) {
    assertEquals(
        message,
        assertThrows(RuntimeException.class, () -> reward.scoreAll(prompt, responses))
            .getMessage());
  }

  private static ExternalReward giving(List<Reward> rewards) {
    return external(
        new RewardFunction() {
          @Override
          public Reward score(Prompt prompt, Response response) {
            throw new AssertionError("the group is asked for");
          }

          @Override
          public List<Reward> scoreAll(Prompt prompt, List<Response> responses) {
            return rewards;
          }
        });
  }

  private static ExternalReward external(RewardFunction reward) {
    return new ExternalReward(reward, FormatWeight.fixed(0.1));
  }

  private static Prompt prompt(String label) {
    return new Prompt("p", Task.CRITIC, "text", List.of(), label, Map.of());
  }

  private static Response response(String text, long version) {
    return new Response(
        TokenIds.of(1),
        LogProbs.of(-1f),
        FinishReason.STOP,
        text,
        TokenVersions.of(new PolicyVersion(0, version), 1));
  }
}
