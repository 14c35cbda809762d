package krites.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class BootstrapTest {
  @Test
  void theIntervalOfAShareIsThatOfTheBinomial() {
    double[] coins = IntStream.range(0, 400).mapToDouble(i -> i % 4 == 0 ? 1 : 0).toArray();

    Measure share = Bootstrap.mean("share", coins);

    double halfWidth = 1.96 * Math.sqrt(0.25 * 0.75 / 400);
    assertEquals(0.25, share.value());
    assertEquals(400, share.items());
    assertEquals(0.25 - halfWidth, share.interval().orElseThrow().low(), 0.005);
    assertEquals(0.25 + halfWidth, share.interval().orElseThrow().high(), 0.005);
  }

  @Test
  void theSameNumbersGiveTheSameInterval() {
    double[] numbers = {1, 0, 0, 1, 1, 0, 1};
    assertEquals(Bootstrap.mean("a", numbers), Bootstrap.mean("a", numbers));
  }

  /** 95 of 100 intervals hold the truth, give or take what 300 trials tell. */
  @Test
  void intervalsCoverTheTruth() {
    int covered = 0;
    int trials = 300;
    for (int seed = 0; seed < trials; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      double[] draws = random.doubles(120).map(u -> u < 0.7 ? 1 : 0).toArray();
      Interval interval = Bootstrap.mean("p", draws).interval().orElseThrow();
      covered += interval.low() <= 0.7 && 0.7 <= interval.high() ? 1 : 0;
    }
    assertTrue(covered >= 270 && covered <= 298, covered + " of " + trials);
  }

  /** Ten pairs of one picture are one draw: an interval over pairs would be far too narrow. */
  @Test
  void unitsAreDrawnAsAWhole() {
    List<double[]> pictures =
        IntStream.range(0, 40)
            .mapToObj(
                i -> {
                  double[] pairs = new double[10];
                  Arrays.fill(pairs, i % 2);
                  return pairs;
                })
            .toList();

    Measure measure =
        Bootstrap.of(
            "accuracy",
            400,
            pictures,
            drawn -> drawn.stream().flatMapToDouble(Arrays::stream).average().orElse(0));

    Interval interval = measure.interval().orElseThrow();
    assertEquals(2 * 1.96 * Math.sqrt(0.25 / 40), interval.high() - interval.low(), 0.03);
  }

  @Test
  void nothingHasNoInterval() {
    assertEquals(Optional.empty(), Bootstrap.mean("none").interval());
    assertThrows(IllegalArgumentException.class, () -> new Interval(1, 0));
  }
}
