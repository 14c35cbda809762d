package krites.grpo.objective;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CorrectionTest {
  /** Weights 4, 1/2, 2 (product 4, geometric mean 4^(1/3)) and 1/2, 1 (product 1/2). */
  private static final double[][] LOGS = {
    {Math.log(4), -Math.log(2), Math.log(2)}, {-Math.log(2), 0, 99}
  };

  private static final TokenMask MASK = TokenMask.of(new int[][] {{1, 1, 1}, {1, 1, 0}});

  @Test
  void eachFormByHand() {
    assertFactors(new Correction.None(), new double[][] {{1, 1, 1}, {1, 1, 1}}, 0, 0, 0);
    assertFactors(
        new Correction.TruncatedToken(3), new double[][] {{3, 0.5, 2}, {0.5, 1, 1}}, 1, 0, 0);
    assertFactors(
        new Correction.TruncatedSequence(3), new double[][] {{3, 3, 3}, {0.5, 0.5, 1}}, 3, 0, 0);
    assertFactors(
        new Correction.MaskedSequence(0.5, 3), new double[][] {{0, 0, 0}, {0.5, 0.5, 1}}, 0, 3, 1);
    assertFactors(
        new Correction.MaskedGeometric(0.8, 2, 3),
        new double[][] {{3, 0.5, 2}, {0, 0, 1}},
        1,
        2,
        1);
    assertFactors(new Correction.IcePop(0.6, 2), new double[][] {{0, 0, 2}, {0, 1, 1}}, 0, 3, 0);
  }

  @Test
  void aResponseOfWhichEveryTokenIsMaskedCountsAsMasked() {
    assertFactors(new Correction.IcePop(0.9, 1.5), new double[][] {{0, 0, 0}, {0, 1, 1}}, 0, 4, 1);
  }

  @Test
  void theProductOfALongResponseLeavesEveryBoundAndItsGeometricMeanDoesNot() {
    double[][] logs = new double[1][100];
    java.util.Arrays.fill(logs[0], Math.log(1.05));
    boolean[][] all = new boolean[1][100];
    java.util.Arrays.fill(all[0], true);
    TokenMask mask = TokenMask.of(all);
    assertEquals(1, new Correction.MaskedSequence(0.5, 2).factors(logs, mask).maskedResponses());
    assertEquals(
        0, new Correction.MaskedGeometric(0.9, 1.1, 2).factors(logs, mask).maskedResponses());
  }

  @Test
  void aHugeLogStaysFinite() {
    double[][] logs = {{900, -900, 900}};
    TokenMask mask = TokenMask.of(new int[][] {{1, 1, 1}});
    for (Correction correction :
        List.of(
            new Correction.TruncatedToken(Double.POSITIVE_INFINITY),
            new Correction.TruncatedSequence(Double.POSITIVE_INFINITY),
            new Correction.MaskedSequence(0, Double.POSITIVE_INFINITY),
            new Correction.IcePop(0, Double.POSITIVE_INFINITY))) {
      for (double factor : correction.factors(logs, mask).values()[0]) {
        assertTrue(factor <= Math.exp(20) * (1 + 1e-12), correction + " gives " + factor);
      }
    }
  }

  @Test
  void everyFactorLiesWithinTheBoundsOfItsForm() {
    for (long seed = 0; seed < 500; seed++) {
      Random random = new Random(seed);
      double[][] logs = new double[3][5];
      for (double[] row : logs) {
        for (int t = 0; t < row.length; t++) {
          row[t] = random.nextGaussian();
        }
      }
      TokenMask mask =
          TokenMask.of(new int[][] {{1, 1, 1, 1, 1}, {1, 1, 0, 0, 0}, {1, 0, 0, 0, 0}});
      for (Correction correction :
          List.of(
              new Correction.TruncatedToken(2),
              new Correction.TruncatedSequence(2),
              new Correction.MaskedSequence(0.5, 2),
              new Correction.MaskedGeometric(0.5, 2, 2),
              new Correction.IcePop(0.5, 2))) {
        Correction.Factors factors = correction.factors(logs, mask);
        long zeros = 0;
        for (int i = 0; i < 3; i++) {
          for (int t = 0; t < 5; t++) {
            double factor = factors.values()[i][t];
            assertTrue(factor >= 0 && factor <= 2, correction + " seed " + seed);
            zeros += factor == 0 ? 1 : 0;
          }
        }
        assertEquals(zeros, factors.maskedTokens(), correction + " seed " + seed);
      }
    }
  }

  @Test
  void impossibleBoundsAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> new Correction.TruncatedToken(0.5));
    assertThrows(IllegalArgumentException.class, () -> new Correction.TruncatedSequence(0.5));
    assertThrows(IllegalArgumentException.class, () -> new Correction.MaskedSequence(1.1, 2));
    assertThrows(IllegalArgumentException.class, () -> new Correction.MaskedGeometric(0.5, 0.9, 2));
    assertThrows(IllegalArgumentException.class, () -> new Correction.IcePop(-1, 2));
  }

  private static void assertFactors(
      Correction correction, double[][] expected, long truncated, long masked, long responses) {
    Correction.Factors factors = correction.factors(LOGS, MASK);
    for (int i = 0; i < expected.length; i++) {
      assertArrayEquals(expected[i], factors.values()[i], 1e-12, correction + " row " + i);
    }
    assertEquals(truncated, factors.truncatedTokens(), correction + " truncated");
    assertEquals(masked, factors.maskedTokens(), correction + " masked");
    assertEquals(responses, factors.maskedResponses(), correction + " responses");
  }
}
