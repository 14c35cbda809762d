package krites.grpo.objective;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PolicyObjectiveTest {
  private static final Aggregation TOKEN_MEAN = new Aggregation.TokenMean();
  private static final Aggregation SEQUENCE_MEAN =
      new Aggregation.SequenceMean(Aggregation.Within.MEAN, new Aggregation.Rows.Every());
  private static final Aggregation NON_EMPTY_SEQUENCE_MEAN =
      new Aggregation.SequenceMean(Aggregation.Within.MEAN, new Aggregation.Rows.NonEmpty());

  /** One token with ratio r and advantage A under clip 0.2 / 0.3 and dual clip 3. */
  @ParameterizedTest
  @CsvSource({
    "1.0,  2, -2.0, -2.0, 0, 0", // on policy: the gradient is -A
    "1.5,  2, -2.6,  0.0, 1, 0", // a good token that became likelier by more than 30 %: no more to
    // gain
    "0.5,  2, -1.0, -1.0, 0, 0", // a good token that became less likely is pulled back
    "0.5, -2,  1.6,  0.0, 1, 0", // a bad token that became less likely by more than 20 %: enough
    "1.5, -2,  3.0,  3.0, 0, 0", // a bad token that became likelier is pushed down
    "4.0, -2,  6.0,  0.0, 0, 1" // but not by more than the dual clip
  })
  void theClipActsAsTheRecipeSays(
      double ratio, double advantage, double loss, double gradient, double high, double low) {
    PolicyTokens tokens = oneToken(-1, -1 + Math.log(ratio), advantage);
    PolicyLoss result = ClippedObjective.published().evaluate(tokens, TOKEN_MEAN);
    assertEquals(loss, result.value(), 1e-6);
    assertEquals(gradient, result.gradient()[0][0], 1e-6);
    assertEquals(high, result.clipFractionHigh(), 1e-6);
    assertEquals(low, result.clipFractionLow(), 1e-6);
    assertEquals(-Math.log(ratio), result.ppoKl(), 1e-6);
  }

  @Test
  void anOverflowingRatioStaysFiniteWithTheGuard() {
    PolicyLoss loss = ClippedObjective.published().evaluate(oneToken(-800, -1, 1), TOKEN_MEAN);
    assertEquals(-1.3, loss.value(), 1e-6);
    assertEquals(0, loss.gradient()[0][0]);
  }

  @Test
  void theImportanceWeightScalesLossAndGradientOfItsToken() {
    PolicyTokens plain = oneToken(-1, -1.1, 2);
    PolicyTokens weighted =
        new PolicyTokens(
            plain.proximalLogProbs(),
            plain.logProbs(),
            plain.advantages(),
            plain.mask(),
            new double[][] {{0.25}});
    PolicyLoss one = ClippedObjective.published().evaluate(plain, TOKEN_MEAN);
    PolicyLoss quarter = ClippedObjective.published().evaluate(weighted, TOKEN_MEAN);
    assertEquals(one.value() / 4, quarter.value(), 1e-12);
    assertEquals(one.gradient()[0][0] / 4, quarter.gradient()[0][0], 1e-12);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void gradientsAgreeWithFiniteDifferences(long seed) {
    PolicyTokens tokens = randomTokens(seed);
    List<PolicyObjective> objectives =
        List.of(
            ClippedObjective.published(),
            new ClippedObjective(0.2, 0.2, 1.5, RatioLevel.TOKEN, LogRatioGuard.VERL),
            new ClippedObjective(0.2, 0.3, 3, RatioLevel.SEQUENCE, LogRatioGuard.EASYR1),
            new SapoObjective(1, 1.05, LogRatioGuard.EASYR1));
    List<Aggregation> aggregations =
        List.of(
            TOKEN_MEAN,
            new Aggregation.GlobalTokenMean(50, 2),
            SEQUENCE_MEAN,
            new Aggregation.SequenceMean(Aggregation.Within.SUM, new Aggregation.Rows.Global(8, 1)),
            new Aggregation.ConstantLength(9));
    for (PolicyObjective objective : objectives) {
      for (Aggregation aggregation : aggregations) {
        double[][] gradient = objective.evaluate(tokens, aggregation).gradient();
        double[][] numeric =
            numericGradient(tokens, moved -> objective.evaluate(moved, aggregation).value());
        assertTableEquals(numeric, gradient, 1e-6, objective + " " + aggregation + " seed " + seed);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {11, 12, 13})
  void theWholeLossHasTheGradientOfItsFiniteDifferences(long seed) {
    PolicyTokens tokens = randomTokens(seed);
    double[][] reference = randomTokens(seed + 100).logProbs();
    for (KlEstimate kl : List.of(KlEstimate.K1, KlEstimate.K2, KlEstimate.K3)) {
      RegularisedObjective objective =
          new RegularisedObjective(ClippedObjective.published(), kl, 0.5, TOKEN_MEAN);
      RegularisedObjective.Loss loss = objective.evaluate(tokens, reference);
      double[][] numeric =
          numericGradient(tokens, moved -> objective.evaluate(moved, reference).total());
      assertTableEquals(numeric, loss.gradient(), 1e-6, kl + " seed " + seed);
      assertEquals(loss.policy().value() + 0.5 * loss.kl(), loss.total(), 1e-12);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {21, 22, 23})
  void tokensThatDoNotCountChangeNothing(long seed) {
    PolicyTokens tokens = randomTokens(seed);
    double[][] other = copy(tokens.logProbs());
    for (int i = 0; i < other.length; i++) {
      for (int t = 0; t < other[i].length; t++) {
        other[i][t] += tokens.mask().at(i, t) ? 0 : 7;
      }
    }
    for (RatioLevel level : RatioLevel.values()) {
      PolicyObjective objective = new ClippedObjective(0.2, 0.3, 3, level, LogRatioGuard.EASYR1);
      PolicyLoss before = objective.evaluate(tokens, TOKEN_MEAN);
      PolicyLoss after = objective.evaluate(tokens.withLogProbs(other), TOKEN_MEAN);
      assertEquals(before.value(), after.value(), level + " seed " + seed);
      assertTableEquals(before.gradient(), after.gradient(), 0, level + " seed " + seed);
    }
  }

  @Test
  void lossesOfTheReferencesAreMatched() {
    GoldenFile.cases("easyr1_policy_loss")
        .forEach(golden -> checkGolden(golden, easyR1(golden.get("params"))));
    GoldenFile.cases("critic_policy_loss")
        .forEach(
            golden ->
                checkGolden(
                    golden,
                    new Setting(
                        new ClippedObjective(0.2, 0.3, 3, RatioLevel.TOKEN, LogRatioGuard.NONE),
                        TOKEN_MEAN)));
    GoldenFile.cases("verl_policy_loss")
        .filter(golden -> !golden.get("params").get("loss_agg_mode").asText().contains("sum"))
        .forEach(golden -> checkGolden(golden, verl(golden.get("params"))));
  }

  @Test
  void clipsThatMakeNoSenseAreRefused() {
    assertThrows(
        IllegalArgumentException.class,
        () -> new ClippedObjective(1.2, 0.3, 3, RatioLevel.TOKEN, LogRatioGuard.NONE));
    assertThrows(
        IllegalArgumentException.class,
        () -> new ClippedObjective(0.2, 0.3, 0.5, RatioLevel.TOKEN, LogRatioGuard.NONE));
  }

  private record Setting(PolicyObjective objective, Aggregation aggregation) {}

  private static Setting easyR1(JsonNode parameters) {
    LogRatioGuard guard = LogRatioGuard.EASYR1;
    PolicyObjective objective =
        switch (parameters.get("loss_type").asText()) {
          case "cispo" -> new CispoObjective(0.2, 0.3, guard);
          case "sapo" -> new SapoObjective(1, 1.05, guard);
          case "gspo" -> new ClippedObjective(0.2, 0.3, 3, RatioLevel.SEQUENCE, guard);
          case "gspo_token" ->
              new ClippedObjective(0.2, 0.3, 3, RatioLevel.SEQUENCE_VALUE_TOKEN_GRADIENT, guard);
          default -> ClippedObjective.published();
        };
    boolean perToken = parameters.get("loss_avg_mode").asText().equals("token");
    return new Setting(objective, perToken ? TOKEN_MEAN : SEQUENCE_MEAN);
  }

  private static Setting verl(JsonNode parameters) {
    double none = Double.POSITIVE_INFINITY;
    PolicyObjective objective =
        switch (parameters.get("loss").asText()) {
          case "cispo" -> new CispoObjective(0.2, 0.2, LogRatioGuard.VERL);
          case "sapo" -> new SapoObjective(1, 1.05, LogRatioGuard.VERL);
          case "gspo" ->
              new ClippedObjective(
                  0.2,
                  0.2,
                  none,
                  RatioLevel.SEQUENCE_VALUE_TOKEN_GRADIENT,
                  LogRatioGuard.VERL_SEQUENCE);
          default -> new ClippedObjective(0.2, 0.2, 3, RatioLevel.TOKEN, LogRatioGuard.VERL);
        };
    boolean perToken = parameters.get("loss_agg_mode").asText().equals("token-mean");
    return new Setting(objective, perToken ? TOKEN_MEAN : NON_EMPTY_SEQUENCE_MEAN);
  }

  private static void checkGolden(JsonNode golden, Setting setting) {
    JsonNode inputs = golden.get("inputs");
    PolicyTokens tokens =
        PolicyTokens.of(
            GoldenFile.table(inputs.get("old_log_probs")),
            GoldenFile.table(inputs.get("log_probs")),
            GoldenFile.table(inputs.get("advantages")),
            GoldenFile.mask(inputs.get("response_mask")));
    PolicyLoss loss = setting.objective().evaluate(tokens, setting.aggregation());
    String what = golden.get("name") + " " + golden.get("params");
    GoldenFile.assertClose(golden.get("loss"), loss.value(), what);
    GoldenFile.assertClose(golden.get("grad_log_probs"), loss.gradient(), what);
    JsonNode metrics = golden.get("metrics");
    for (String name : List.of("ppo_kl", "actor/ppo_kl")) {
      if (metrics.has(name)) {
        GoldenFile.assertClose(metrics.get(name), loss.ppoKl(), what + name);
      }
    }
    for (String name : List.of("pg_clipfrac_higher", "actor/pg_clipfrac")) {
      if (metrics.has(name)) {
        GoldenFile.assertClose(metrics.get(name), loss.clipFractionHigh(), what + name);
      }
    }
  }

  private static PolicyTokens oneToken(double proximal, double logProb, double advantage) {
    return PolicyTokens.of(
        new double[][] {{proximal}},
        new double[][] {{logProb}},
        new double[][] {{advantage}},
        TokenMask.of(new int[][] {{1}}));
  }

  private static PolicyTokens randomTokens(long seed) {
    Random random = new Random(seed);
    int[][] mask = {{1, 1, 1, 1}, {1, 1, 0, 0}, {0, 0, 0, 0}, {1, 1, 1, 0}};
    double[][] proximal = new double[4][4];
    double[][] logProbs = new double[4][4];
    double[][] advantages = new double[4][4];
    for (int i = 0; i < 4; i++) {
      Arrays.fill(advantages[i], random.nextGaussian());
      for (int t = 0; t < 4; t++) {
        proximal[i][t] = -3 * random.nextDouble();
        logProbs[i][t] = proximal[i][t] + 0.6 * random.nextGaussian();
      }
    }
    return PolicyTokens.of(proximal, logProbs, advantages, TokenMask.of(mask));
  }

  private interface LossOf {
    double value(PolicyTokens tokens);
  }

  private static double[][] numericGradient(PolicyTokens tokens, LossOf loss) {
    double step = 1e-6;
    double[][] gradient = copy(tokens.logProbs());
    for (int i = 0; i < gradient.length; i++) {
      for (int t = 0; t < gradient[i].length; t++) {
        double[][] moved = copy(tokens.logProbs());
        moved[i][t] += step;
        double up = loss.value(tokens.withLogProbs(moved));
        moved[i][t] -= 2 * step;
        gradient[i][t] = (up - loss.value(tokens.withLogProbs(moved))) / (2 * step);
      }
    }
    return gradient;
  }

  private static double[][] copy(double[][] table) {
    return Arrays.stream(table).map(double[]::clone).toArray(double[][]::new);
  }

  private static void assertTableEquals(
      double[][] expected, double[][] actual, double tolerance, String what) {
    assertEquals(expected.length, actual.length, what);
    for (int i = 0; i < expected.length; i++) {
      assertArrayEquals(expected[i], actual[i], tolerance, what + " row " + i);
    }
  }
}
