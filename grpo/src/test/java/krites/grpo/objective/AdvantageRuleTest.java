package krites.grpo.objective;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AdvantageRuleTest {
  private static final List<AdvantageRule> RULES =
      List.of(
          AdvantageRule.Standardised.published(),
          new AdvantageRule.OnePassStandardised(1e-6),
          new AdvantageRule.Centred(),
          new AdvantageRule.LeaveOneOut(),
          new AdvantageRule.BestOnly(1e-6));

  /** With eight answers, k right, all well formed: sqrt(7(8-k)/(8k)) and -sqrt(7k/(8(8-k))). */
  @ParameterizedTest
  @CsvSource({
    "1, 2.4749, -0.3536",
    "2, 1.6202, -0.5401",
    "3, 1.2076, -0.7246",
    "4, 0.9354, -0.9354",
    "5, 0.7246, -1.2076",
    "6, 0.5401, -1.6202",
    "7, 0.3536, -2.4749"
  })
  void kOfEightCorrectGivesTheTabulatedAdvantages(int k, double right, double wrong) {
    double[] rewards = new double[8];
    Arrays.fill(rewards, 0.1);
    Arrays.fill(rewards, 0, k, 1.0);
    double[] advantages = AdvantageRule.Standardised.published().advantages(rewards);
    for (int i = 0; i < 8; i++) {
      assertEquals(i < k ? right : wrong, advantages[i], 5e-5, "response " + i);
    }
  }

  @Test
  void mixedFormatAndAccuracyIsStandardisedByTheSampleDeviation() {
    double[] advantages =
        AdvantageRule.Standardised.published().advantages(1, 1, 1, 1, 0.9, 0.9, 0.1, 0);
    double[] expected = {0.6142, 0.6142, 0.6142, 0.6142, 0.3802, 0.3802, -1.4915, -1.7255};
    assertArrayEquals(expected, advantages, 5e-5);
  }

  @Test
  void aLoneFormatSlipIsPunishedAsHardAsALoneWrongAnswer() {
    double[] advantages =
        AdvantageRule.Standardised.published().advantages(1, 1, 1, 1, 1, 1, 1, 0.9);
    assertEquals(0.3535, advantages[0], 1e-4);
    assertEquals(-2.4748, advantages[7], 1e-4);
  }

  @Test
  void theOtherRulesOnASmallGroup() {
    double[] rewards = {1, 0, 0.5};
    assertArrayEquals(
        new double[] {0.5, -0.5, 0}, new AdvantageRule.Centred().advantages(rewards), 1e-12);
    assertArrayEquals(
        new double[] {0.75, -0.75, 0}, new AdvantageRule.LeaveOneOut().advantages(rewards), 1e-12);
    assertArrayEquals(
        new double[] {1, 0, 0}, new AdvantageRule.BestOnly(0).advantages(rewards), 1e-12);
  }

  @Test
  void equalRewardsHaveAdvantageExactlyZeroUnderEveryRule() {
    for (AdvantageRule rule : RULES) {
      assertArrayEquals(new double[3], rule.advantages(0.9f, 0.9f, 0.9f), rule.toString());
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void advantagesSumToZeroAndIgnoreAShiftOfTheRewards(long seed) {
    Random random = new Random(seed);
    double[] rewards = random.doubles(2 + random.nextInt(9)).toArray();
    double[] shifted = Arrays.stream(rewards).map(r -> r + 3).toArray();
    List<AdvantageRule> linear =
        List.of(
            AdvantageRule.Standardised.published(),
            new AdvantageRule.Centred(),
            new AdvantageRule.LeaveOneOut());
    for (AdvantageRule rule : linear) {
      double[] advantages = rule.advantages(rewards);
      assertEquals(0, Arrays.stream(advantages).sum(), 1e-9, rule + " seed " + seed);
      assertArrayEquals(advantages, rule.advantages(shifted), 1e-9, rule + " seed " + seed);
    }
  }

  @Test
  void aGroupOfOneOrARewardThatIsNotFiniteIsRefused() {
    for (AdvantageRule rule : RULES) {
      assertThrows(IllegalArgumentException.class, () -> rule.advantages(1));
      assertThrows(IllegalArgumentException.class, () -> rule.advantages(1, Double.NaN));
    }
  }

  @Test
  void groupsAreFoundByKeyWhateverTheirOrder() {
    double[][] rewards = {{0, 1}, {0, 0.5}, {0, 0}, {0, 0.1}};
    TokenMask mask = TokenMask.of(new int[][] {{1, 1}, {1, 0}, {1, 1}, {1, 1}});
    double[][] advantages =
        TokenAdvantages.byGroup(
            new AdvantageRule.Centred(),
            rewards,
            mask,
            List.of("a", "b", "a", "b"),
            TokenAdvantages.SingleResponse.REFUSE);
    double[][] expected = {{0.5, 0.5}, {0.2, 0}, {-0.5, -0.5}, {-0.2, -0.2}};
    for (int i = 0; i < expected.length; i++) {
      assertArrayEquals(expected[i], advantages[i], 1e-12, "row " + i);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"easyr1", "verl"})
  void advantagesMatchTheReferences(String source) {
    GoldenFile.cases(source + "_advantages").forEach(golden -> checkGolden(source, golden));
  }

  private static void checkGolden(String source, JsonNode golden) {
    JsonNode inputs = golden.get("inputs");
    double[][] rewards = GoldenFile.table(inputs.get("token_level_rewards"));
    TokenMask mask = GoldenFile.mask(inputs.get("response_mask"));
    List<String> groups = new ArrayList<>();
    inputs.get("index").forEach(key -> groups.add(key.asText()));
    String what = source + " " + golden.get("name") + " " + golden.get("estimator");
    double epsilon = golden.path("eps").asDouble(golden.path("epsilon").asDouble(1e-6));
    boolean byDeviation = golden.path("norm_adv_by_std_in_grpo").asBoolean(true);
    AdvantageRule rule =
        switch (golden.get("estimator").asText()) {
          case "grpo" ->
              byDeviation ? new AdvantageRule.Standardised(epsilon) : new AdvantageRule.Centred();
          case "grpo_vectorized" ->
              byDeviation
                  ? new AdvantageRule.OnePassStandardised(epsilon)
                  : new AdvantageRule.Centred();
          case "grpo_passk" -> new AdvantageRule.BestOnly(epsilon);
          default -> new AdvantageRule.LeaveOneOut();
        };
    boolean illConditioned = golden.get("ill_conditioned").asBoolean();
    if (golden.get("estimator").asText().equals("reinforce_plus_plus")) {
      double gamma = golden.get("gamma").asDouble();
      GoldenFile.assertClose(
          golden.get("returns"), TokenAdvantages.returns(rewards, mask, gamma), what);
      if (!illConditioned) {
        double[][] actual = TokenAdvantages.reinforcePlusPlus(rewards, mask, gamma);
        GoldenFile.assertClose(golden.get("advantages"), actual, what);
      }
      return;
    }
    double[][] actual =
        TokenAdvantages.byGroup(
            rule, rewards, mask, groups, TokenAdvantages.SingleResponse.KEEP_REWARD);
    if (!illConditioned) {
      GoldenFile.assertClose(golden.get("advantages"), actual, what);
    } else if (!(rule instanceof AdvantageRule.BestOnly)) {
      double[] expected = GoldenFile.numbers(golden.get("advantages"));
      double[] flat = Arrays.stream(actual).flatMapToDouble(Arrays::stream).toArray();
      assertArrayEquals(expected, flat, 0.12, what);
    }
  }

  @Test
  void theKlPenaltyLowersTheReward() {
    double[][] rewards =
        TokenAdvantages.rewardsWithKl(
            new double[][] {{0, 1}}, new double[][] {{-1, -2}}, new double[][] {{-2, -2.5}}, 0.1);
    assertArrayEquals(new double[] {-0.1, 0.95}, rewards[0], 1e-12);
    assertTrue(rewards[0][1] < 1);
  }
}
