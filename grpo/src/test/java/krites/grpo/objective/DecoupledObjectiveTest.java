package krites.grpo.objective;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;

class DecoupledObjectiveTest {
  private static final LogRatioGuard GUARD = LogRatioGuard.EASYR1;
  private static final List<PolicyObjective> POLICIES =
      List.of(
          ClippedObjective.published(),
          new ClippedObjective(0.2, 0.28, 3, RatioLevel.SEQUENCE, GUARD),
          new SapoObjective(1, 1.05, GUARD));
  private static final List<Correction> CORRECTIONS =
      List.of(
          new Correction.None(),
          new Correction.TruncatedToken(1.5),
          new Correction.TruncatedSequence(1.5),
          new Correction.MaskedSequence(0.5, 2),
          new Correction.MaskedGeometric(0.8, 1.25, 1.5),
          new Correction.IcePop(0.6, 1.6));
  private static final Aggregation MEAN = new Aggregation.TokenMean();

  /** Proximal log-probs of a token with start -1, behaviour -3, current -2. */
  @Test
  void theProximalRulesByHand() {
    assertEquals(-1, ProximalRule.RECOMPUTED.logProb(-1, -3, -2, 4));
    assertEquals(-3, ProximalRule.BEHAVIOUR.logProb(-1, -3, -2, 4));
    assertEquals(-3, ProximalRule.APPROXIMATED.logProb(-1, -3, -2, 0), "same version");
    assertEquals(-2.5, ProximalRule.APPROXIMATED.logProb(-1, -3, -2, 1), 1e-12, "half the way");
    assertEquals(-2.2, ProximalRule.APPROXIMATED.logProb(-1, -3, -2, 4), 1e-12, "four fifths");
  }

  /** Stale token: ratio e^0.1 against the start, weight e^0.5 below the cap, advantage 2. */
  @Test
  void aStaleTokenIsWeighedAndAFreshOneIsNot() {
    double loss = -2 * Math.exp(0.1);
    double weight = Math.exp(0.5);
    assertEquals(weight * loss, oneToken(CorrectedTokens.STALE, 1), 1e-6);
    assertEquals(loss, oneToken(CorrectedTokens.STALE, 0), 1e-6);
    assertEquals(weight * loss, oneToken(CorrectedTokens.ALL, 0), 1e-6);
  }

  private static double oneToken(CorrectedTokens corrected, double staleness) {
    DecoupledObjective objective =
        new DecoupledObjective(
            ClippedObjective.published(),
            ProximalRule.RECOMPUTED,
            new Correction.TruncatedToken(2),
            corrected,
            KlEstimate.K3,
            0);
    DecoupledObjective.Tokens token =
        new DecoupledObjective.Tokens(
            new double[][] {{-0.9}},
            new double[][] {{-1.5}},
            new double[][] {{-1}},
            new double[][] {{staleness}},
            new double[][] {{2}},
            TokenMask.of(new int[][] {{1}}));
    return objective.evaluate(token, new double[][] {{-1}}, MEAN).total();
  }

  @Test
  void onFreshTokensTheDefaultIsTheRecipe() {
    for (long seed = 0; seed < 50; seed++) {
      DecoupledObjective.Tokens tokens = tokens(new Random(seed), 0);
      double[][] reference = tokens.behaviour();
      RegularisedObjective.Loss recipe =
          RegularisedObjective.published()
              .evaluate(
                  PolicyTokens.of(
                      tokens.start(), tokens.logProbs(), tokens.advantages(), tokens.mask()),
                  reference);
      RegularisedObjective.Loss ours =
          DecoupledObjective.published().evaluate(tokens, reference, MEAN);
      assertEquals(recipe.total(), ours.total(), "seed " + seed);
      assertTrue(Arrays.deepEquals(recipe.gradient(), ours.gradient()), "seed " + seed);
    }
  }

  @Test
  void gradientsAgreeWithFiniteDifferencesWhileTheConstantsStandStill() {
    for (long seed = 0; seed < 8; seed++) {
      DecoupledObjective.Tokens tokens = tokens(new Random(seed), 3);
      double[][] reference = tokens(new Random(seed + 1000), 0).start();
      for (DecoupledObjective objective : all()) {
        double[][] gradient = objective.evaluate(tokens, reference, MEAN).gradient();
        RegularisedObjective loss =
            new RegularisedObjective(
                objective.policy(), objective.kl(), objective.klCoefficient(), MEAN);
        PolicyTokens fixed = objective.constants(tokens);
        double[][] numeric =
            numericGradient(
                tokens.logProbs(),
                moved -> loss.evaluate(fixed.withLogProbs(moved), reference).total());
        assertClose(numeric, gradient, 2e-6, "seed " + seed + " " + objective);
      }
    }
  }

  /** CISPO's weight is a constant: its differences are taken with the weight of the first point. */
  @Test
  void cispoHasTheGradientOfItsLogProbAlone() {
    for (long seed = 0; seed < 20; seed++) {
      DecoupledObjective.Tokens tokens = tokens(new Random(seed), 3);
      CispoObjective cispo = new CispoObjective(0.2, 0.28, GUARD);
      DecoupledObjective objective =
          new DecoupledObjective(
              cispo,
              ProximalRule.RECOMPUTED,
              new Correction.TruncatedToken(2),
              CorrectedTokens.STALE,
              KlEstimate.K3,
              0);
      PolicyTokens fixed = objective.constants(tokens);
      double[][] weights = MEAN.weights(tokens.mask());
      ToDoubleFunction<double[][]> frozen =
          moved -> {
            double loss = 0;
            for (int i = 0; i < moved.length; i++) {
              for (int t = 0; t < moved[i].length; t++) {
                double ratio = Math.exp(tokens.logProbs()[i][t] - tokens.start()[i][t]);
                double held = Math.clamp(ratio, 0.8, 1.28);
                double factor = weights[i][t] * fixed.importanceWeights()[i][t];
                loss -= factor * tokens.advantages()[i][t] * held * moved[i][t];
              }
            }
            return loss;
          };
      RegularisedObjective.Loss loss = objective.evaluate(tokens, tokens.start(), MEAN);
      assertEquals(frozen.applyAsDouble(tokens.logProbs()), loss.total(), 1e-12, "seed " + seed);
      assertClose(
          numericGradient(tokens.logProbs(), frozen), loss.gradient(), 1e-6, "seed " + seed);
    }
  }

  /**
   * A planted fault: were the approximated proximal policy not held still, the gradient would be
   * another, and the comparison above would tell.
   */
  @Test
  void aMissingStopGradientWouldBeSeen() {
    DecoupledObjective.Tokens tokens = tokens(new Random(3), 3);
    DecoupledObjective objective =
        new DecoupledObjective(
            ClippedObjective.published(),
            ProximalRule.APPROXIMATED,
            new Correction.TruncatedToken(2),
            CorrectedTokens.STALE,
            KlEstimate.K3,
            0);
    double[][] gradient = objective.evaluate(tokens, tokens.start(), MEAN).gradient();
    double[][] notStopped =
        numericGradient(
            tokens.logProbs(),
            moved -> objective.evaluate(withLogProbs(tokens, moved), tokens.start(), MEAN).total());
    double worst = 0;
    for (int i = 0; i < gradient.length; i++) {
      for (int t = 0; t < gradient[i].length; t++) {
        worst = Math.max(worst, Math.abs(gradient[i][t] - notStopped[i][t]));
      }
    }
    assertTrue(worst > 1e-2, "the two gradients differ by no more than " + worst);
  }

  @Test
  void weightsThatCannotMatterAreRefused() {
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                new DecoupledObjective(
                    ClippedObjective.published(),
                    ProximalRule.BEHAVIOUR,
                    new Correction.TruncatedToken(2),
                    CorrectedTokens.STALE,
                    KlEstimate.K3,
                    0.01));
    assertTrue(refused.getMessage().contains("TruncatedToken"), refused.getMessage());
  }

  private static List<DecoupledObjective> all() {
    List<DecoupledObjective> all = new ArrayList<>();
    for (PolicyObjective policy : POLICIES) {
      for (CorrectedTokens corrected : CorrectedTokens.values()) {
        for (Correction correction : CORRECTIONS) {
          for (ProximalRule rule : ProximalRule.values()) {
            if (rule != ProximalRule.BEHAVIOUR || correction instanceof Correction.None) {
              all.add(
                  new DecoupledObjective(policy, rule, correction, corrected, KlEstimate.K3, 0.3));
            }
          }
        }
      }
    }
    return all;
  }

  private static DecoupledObjective.Tokens tokens(Random random, int maxStaleness) {
    int[][] mask = {{1, 1, 1, 1}, {1, 1, 0, 0}, {0, 0, 0, 0}, {1, 1, 1, 0}};
    double[][][] tables = new double[5][4][4];
    for (int i = 0; i < 4; i++) {
      Arrays.fill(tables[4][i], random.nextGaussian());
      for (int t = 0; t < 4; t++) {
        tables[2][i][t] = -3 * random.nextDouble();
        tables[0][i][t] = tables[2][i][t] + 0.4 * random.nextGaussian();
        tables[1][i][t] = tables[2][i][t] + 0.5 * random.nextGaussian();
        tables[3][i][t] = random.nextInt(maxStaleness + 1);
      }
    }
    return new DecoupledObjective.Tokens(
        tables[0], tables[1], tables[2], tables[3], tables[4], TokenMask.of(mask));
  }

  private static DecoupledObjective.Tokens withLogProbs(
      DecoupledObjective.Tokens tokens, double[][] logProbs) {
    return new DecoupledObjective.Tokens(
        logProbs,
        tokens.behaviour(),
        tokens.start(),
        tokens.staleness(),
        tokens.advantages(),
        tokens.mask());
  }

  private static double[][] numericGradient(
      double[][] logProbs, ToDoubleFunction<double[][]> loss) {
    double step = 1e-6;
    double[][] gradient = new double[logProbs.length][];
    for (int i = 0; i < logProbs.length; i++) {
      gradient[i] = new double[logProbs[i].length];
      for (int t = 0; t < logProbs[i].length; t++) {
        double[][] moved = Arrays.stream(logProbs).map(double[]::clone).toArray(double[][]::new);
        moved[i][t] += step;
        double up = loss.applyAsDouble(moved);
        moved[i][t] -= 2 * step;
        gradient[i][t] = (up - loss.applyAsDouble(moved)) / (2 * step);
      }
    }
    return gradient;
  }

  private static void assertClose(
      double[][] expected, double[][] actual, double tolerance, String what) {
    for (int i = 0; i < expected.length; i++) {
      assertArrayEquals(expected[i], actual[i], tolerance, what + " row " + i);
    }
  }
}
