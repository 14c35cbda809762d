package krites.eval.seeds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import krites.eval.Interval;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SeedMeanTest {
  /** The 0.975 quantiles of every printed table. */
  @ParameterizedTest
  @CsvSource({
    "1, 12.706",
    "2, 4.303",
    "3, 3.182",
    "4, 2.776",
    "5, 2.571",
    "9, 2.262",
    "10, 2.228",
    "30, 2.042",
    "120, 1.980"
  })
  void quantilesAreThoseOfTheTables(int freedom, double expected) {
    assertEquals(expected, StudentT.quantile(0.95, freedom), 5e-4);
  }

  @ParameterizedTest
  @CsvSource({"1, 63.657", "4, 4.604", "7, 3.499"})
  void otherProbabilitiesToo(int freedom, double expected) {
    assertEquals(expected, StudentT.quantile(0.99, freedom), 5e-4);
  }

  @Test
  void oneDegreeOfFreedomIsCauchys() {
    assertEquals(Math.tan(Math.PI * 0.475), StudentT.quantile(0.95, 1), 1e-9);
    assertEquals(0.5, StudentT.within(1, 1), 1e-12);
  }

  @Test
  void impossibleQuantilesAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> StudentT.quantile(1, 4));
    assertThrows(IllegalArgumentException.class, () -> StudentT.quantile(0.95, 0));
  }

  /**
   * By hand: mean 0.90; deviations -0.02, -0.01, 0, 0.01, 0.02, so squares sum to 0.001 and the
   * sample deviation is sqrt(0.001 / 4) = 0.0158114; half = 2.776445 x 0.0158114 / sqrt(5) =
   * 0.0196324.
   */
  @Test
  void fiveSeedsByHand() {
    SeedMean mean = SeedMean.of(0.88, 0.89, 0.90, 0.91, 0.92);
    assertEquals(0.90, mean.mean(), 1e-12);
    assertEquals(0.0158114, mean.deviation(), 1e-7);
    assertEquals(5, mean.seeds());
    Interval interval = mean.interval().orElseThrow();
    assertEquals(0.90 - 0.0196324, interval.low(), 1e-6);
    assertEquals(0.90 + 0.0196324, interval.high(), 1e-6);
  }

  /**
   * By hand: differences 0.02, 0.04, 0.06; mean 0.04, deviation 0.02, half 4.302653 x 0.02 / √3.
   */
  @Test
  void differencesArePairedBySeed() {
    SeedMean difference =
        SeedMean.ofDifferences(
            Map.of(1L, 0.92, 2L, 0.74, 3L, 0.56, 4L, 0.9), Map.of(1L, 0.90, 2L, 0.70, 3L, 0.50));
    assertEquals(3, difference.seeds());
    assertEquals(0.04, difference.mean(), 1e-12);
    assertEquals(0.02, difference.deviation(), 1e-12);
    assertEquals(0.04 - 0.0496827, difference.interval().orElseThrow().low(), 1e-6);
  }

  @Test
  void whatHasOneSeedHasNoInterval() {
    assertTrue(SeedMean.of(0.5).interval().isEmpty());
    assertEquals(0.5, SeedMean.of(0.5).mean());
    assertTrue(Double.isNaN(SeedMean.of().mean()));
  }

  @Test
  void equalSeedsHaveAnIntervalOfNoWidth() {
    assertEquals(new Interval(0.5, 0.5), SeedMean.of(0.5, 0.5, 0.5).interval().orElseThrow());
  }
}
