package krites.grpo.flow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class BiasMeterTest {
  private final BiasMeter meter = new BiasMeter();

  @Test
  void anExampleWorkedByHand() {
    IntStream.of(1, 2, 3).forEach(meter::generated);
    IntStream.of(4, 5).forEach(meter::trained);
    // All 6 pairs say longer; scores -4, -2, 0, 2, 4, so the variance is 6 * 40 / (5 * 4) = 12.
    BiasMeter.Comparison seen = meter.compare();
    assertEquals(Math.sqrt(3), seen.z(), 1e-12);
    assertEquals(2, seen.issuedTokensMean());
    assertEquals(4.5, seen.trainedTokensMean());
    assertEquals(1.25, seen.difference());
    assertEquals(
        Map.of("bias/issued_tokens_mean", 2.0, "bias/trained_tokens_mean", 4.5, "bias/z", seen.z()),
        meter.metrics());
  }

  @Test
  void aGroupThatWasGivenUpIsLongerThanWhatItHad() {
    meter.abandoned(3);
    meter.generated(9);
    IntStream.of(3, 5).forEach(meter::trained);
    // Trained 3 is shorter than both, 5 than 9 only: of 4 pairs, 3 say shorter and 1 says nothing.
    // Scores: the censored 1 (longer than 3), 9: 2, 3: -3, 5: 1 - 1 = 0. They sum to 0.
    assertEquals(-3 / Math.sqrt(4 * 14.0 / (4 * 3)), meter.compare().z(), 1e-12);
    assertEquals(1, meter.compare().censored());
  }

  @Test
  void withoutCensoredGroupsItIsMannAndWhitneysTestWithTies() {
    for (long seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      BiasMeter some = new BiasMeter();
      int[] left = random.ints(5 + random.nextInt(40), 0, 12).toArray();
      int[] right = random.ints(5 + random.nextInt(40), 0, 14).toArray();
      Arrays.stream(left).forEach(some::generated);
      Arrays.stream(right).forEach(some::trained);
      assertEquals(mannWhitney(left, right), some.compare().z(), 1e-9, "seed " + seed);
    }
  }

  @Test
  void nothingOrEqualLengthsShowNoBias() {
    assertEquals(0, meter.compare().z());
    assertEquals(Map.of(), meter.metrics());
    for (int i = 0; i < 100; i++) {
      meter.generated(12);
      meter.trained(12);
    }
    assertEquals(0, meter.compare().z());
    assertTrue(meter.compare().warning().isEmpty());
  }

  @Test
  void onlyTheNewestGroupsAreComparedAndTheLagIsLeftOut() {
    BiasMeter late = new BiasMeter(10);
    for (int i = 1; i <= 5_000; i++) {
      late.generated(i);
      late.trained(i);
    }
    BiasMeter.Comparison seen = late.compare();
    assertEquals(BiasMeter.WINDOW, seen.issued());
    assertEquals(BiasMeter.WINDOW, seen.trained());
    assertEquals(5_000 - 10 - (BiasMeter.WINDOW - 1) / 2.0, seen.issuedTokensMean());
    assertEquals(5_000 - (BiasMeter.WINDOW - 1) / 2.0, seen.trainedTokensMean());
    assertThrows(IllegalArgumentException.class, () -> new BiasMeter(-1));
    assertThrows(IllegalArgumentException.class, () -> late.trained(-1));
  }

  @Test
  void equalDistributionsRaiseNoAlarmInAThousandSeeds() {
    int alarms = 0;
    int beyondTwo = 0;
    for (long seed = 0; seed < 1_000; seed++) {
      Random random = new Random(seed);
      BiasMeter fair = new BiasMeter();
      for (int i = 0; i < BiasMeter.WINDOW; i++) {
        fair.generated(length(random));
        fair.trained(length(random)); // independent, which is the harder case
      }
      alarms += fair.compare().warning().isPresent() ? 1 : 0;
      beyondTwo += Math.abs(fair.compare().z()) > 2 ? 1 : 0;
    }
    assertEquals(0, alarms); // 0.06 are to be expected
    assertTrue(beyondTwo > 25 && beyondTwo < 70, "z is not normal: " + beyondTwo); // 45.5 expected
  }

  @Test
  void aFairRunRaisesNoAlarmAtAnyOfItsSteps() {
    for (long seed = 0; seed < 40; seed++) {
      Random random = new Random(seed);
      BiasMeter fair = new BiasMeter(32);
      Deque<Integer> flight = new ArrayDeque<>();
      for (int step = 0; step < 150; step++) {
        for (int i = 0; i < 16; i++) {
          int tokens = length(random) * (300 + step) / 300; // the policy learns to say more
          fair.generated(tokens);
          flight.add(tokens);
        }
        while (flight.size() > 32) {
          fair.trained(flight.remove());
        }
        assertTrue(fair.compare().warning().isEmpty(), "seed " + seed + " step " + step);
      }
    }
  }

  @Test
  void aRunThatLosesItsLongestTenthIsReported() {
    for (long seed = 0; seed < 100; seed++) {
      Random random = new Random(seed);
      BiasMeter biased = new BiasMeter();
      for (int i = 0; i < BiasMeter.WINDOW; i++) {
        int tokens = length(random);
        if (random.nextInt(10) == 0) {
          biased.abandoned(2 * 96); // a straggler, cut off at twice the longest of the others
        } else {
          biased.generated(tokens);
          biased.trained(tokens);
        }
      }
      BiasMeter.Comparison seen = biased.compare();
      assertTrue(seen.warning().isPresent(), "seed " + seed + " " + seen);
      assertTrue(seen.z() < 0, "seed " + seed);
    }
  }

  @Test
  void aStragglerThatIsGivenUpEarlyCountsOnlyForWhatIsKnown() {
    // Given up before they were longer than others: nothing says that they would have been.
    for (int i = 0; i < 1_000; i++) {
      meter.abandoned(0);
      meter.generated(10 + i % 50);
      meter.trained(10 + i % 50);
    }
    assertEquals(0, meter.compare().z(), 1e-12);
    assertTrue(meter.compare().warning().isEmpty());
  }

  @Test
  void theWarningSaysWhatWasSeenInOneLine() {
    for (int i = 0; i < 200; i++) {
      meter.generated(20 + i % 10);
      meter.trained(10 + i % 10);
    }
    String warning = meter.compare().warning().orElseThrow();
    assertTrue(
        warning.startsWith(
            "trained groups are 41 % shorter than issued ones: 14.5 tokens on average against 24.5"
                + " (z = -"),
        warning);
    assertFalse(warning.contains("\n"));
  }

  @Test
  void aCertainButSmallDifferenceAndAFewGroupsAreNotReported() {
    BiasMeter small = new BiasMeter();
    for (int i = 0; i < BiasMeter.WINDOW; i++) {
      small.generated(100);
      small.trained(101);
    }
    assertTrue(small.compare().z() > 40);
    assertTrue(small.compare().warning().isEmpty());
    for (int i = 0; i < BiasMeter.LEAST - 1; i++) {
      meter.generated(10);
      meter.trained(20);
    }
    assertTrue(meter.compare().warning().isEmpty());
    meter.generated(10);
    meter.trained(20);
    assertTrue(meter.compare().warning().isPresent());
  }

  /** Tokens of a group: a heavy tail, as of real responses, up to 96. */
  private static int length(Random random) {
    return (int) Math.min(96, 8 + 12 * Math.exp(0.7 * random.nextGaussian()));
  }

  /** The textbook's form: U, its mean, and its variance with the correction for ties. */
  private static double mannWhitney(int[] left, int[] right) {
    double u = 0;
    for (int x : left) {
      for (int y : right) {
        u += y > x ? 1 : y == x ? 0.5 : 0;
      }
    }
    double n = left.length;
    double m = right.length;
    double all = n + m;
    double ties = 0;
    for (int value = 0; value < 20; value++) {
      int at = value;
      double equal =
          IntStream.concat(Arrays.stream(left), Arrays.stream(right)).filter(x -> x == at).count();
      ties += equal * equal * equal - equal;
    }
    return (u - n * m / 2) / Math.sqrt(n * m / 12 * (all + 1 - ties / (all * (all - 1))));
  }
}
