package krites.eval.select;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import krites.eval.Interval;
import org.junit.jupiter.api.Test;

final class SelectionTest {
  private static final int ITEMS = 200;

  private static CurvePoint point(long step, double critic, double policy, boolean kept) {
    return new CurvePoint(
        step, Optional.of(new Share(critic, ITEMS)), Optional.of(new Share(policy, ITEMS)), kept);
  }

  private static List<CurvePoint> curve(double[] critic, double[] policy) {
    List<CurvePoint> points = new ArrayList<>();
    for (int i = 0; i < critic.length; i++) {
      points.add(point(25L * i, critic[i], policy[i], i > 0));
    }
    return points;
  }

  /** 8 of 10 is Wilson's own textbook case: 0.490 to 0.943. */
  @Test
  void intervalsAreWilsons() {
    Interval interval = new Share(0.8, 10).interval();
    assertEquals(0.490, interval.low(), 0.001);
    assertEquals(0.943, interval.high(), 0.001);
    assertTrue(new Share(1, 10).interval().low() < 0.75);
    assertEquals(1, new Share(1, 10).interval().high());
    assertThrows(IllegalArgumentException.class, () -> new Share(1.1, 10));
  }

  @Test
  void eachPurposeHasItsStep() {
    List<CurvePoint> points =
        curve(
            new double[] {0.5, 0.7, 0.8, 0.85, 0.95, 0.96},
            new double[] {0.7, 0.85, 0.95, 0.90, 0.60, 0.55});
    assertEquals(125, Selection.of(points, Purpose.CRITIC).orElseThrow().step());
    assertEquals(50, Selection.of(points, Purpose.POLICY).orElseThrow().step());
    assertEquals(50, Selection.of(points, Purpose.BALANCED).orElseThrow().step());
  }

  /** A lone spike of a noisy check does not win over a plateau. */
  @Test
  void aLuckyCheckIsNotTheBest() {
    List<CurvePoint> points =
        curve(
            new double[] {0.5, 0.60, 0.91, 0.60, 0.88, 0.90, 0.87},
            new double[] {0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5});
    Selection chosen = Selection.of(points, Purpose.CRITIC).orElseThrow();
    assertEquals(125, chosen.step());
    assertTrue(chosen.alike().contains(150L), chosen::toString);
    assertTrue(chosen.why().getFirst().startsWith("highest critic accuracy"), chosen::toString);
  }

  @Test
  void aBetterStepWithoutACheckpointIsTold() {
    List<CurvePoint> points =
        List.of(point(0, 0.5, 0.5, false), point(25, 0.9, 0.9, false), point(50, 0.7, 0.7, true));
    Selection chosen = Selection.of(points, Purpose.CRITIC).orElseThrow();
    assertEquals(50, chosen.step());
    assertTrue(chosen.why().get(1).contains("step 25 was higher"), chosen::toString);
    assertEquals(
        Optional.empty(), Selection.of(List.of(point(0, 0.5, 0.5, false)), Purpose.CRITIC));
    CurvePoint unmeasured = new CurvePoint(5, Optional.empty(), Optional.empty(), true);
    assertEquals(Optional.empty(), Selection.of(List.of(unmeasured), Purpose.POLICY));
  }

  @Test
  void aFallOfThePolicyBeyondNoiseIsCertain() {
    Divergence found =
        Divergence.in(curve(new double[] {0.5, 0.8, 0.9, 0.92}, new double[] {0.6, 0.9, 0.8, 0.7}))
            .orElseThrow();
    assertEquals(Divergence.Level.CERTAIN, found.level());
    assertEquals(25, found.since());
    assertTrue(found.words().contains("0.900 to 0.700"), found::words);
  }

  @Test
  void threeSmallFallsInARowAreAnEarlyWarning() {
    Divergence found =
        Divergence.in(
                curve(
                    new double[] {0.5, 0.80, 0.81, 0.82, 0.83},
                    new double[] {0.6, 0.90, 0.89, 0.88, 0.87}))
            .orElseThrow();
    assertEquals(Divergence.Level.EARLY, found.level());
  }

  @Test
  void whereTheCriticFallsTooNothingDiverges() {
    assertEquals(
        Optional.empty(),
        Divergence.in(curve(new double[] {0.9, 0.9, 0.6}, new double[] {0.9, 0.9, 0.5})));
    assertEquals(Optional.empty(), Divergence.in(List.of(point(0, 0.5, 0.5, true))));
  }

  /** Flat curves with the noise of 200 items: false alarms stay rare. */
  @Test
  void noiseAloneIsSeldomCertain() {
    int alarms = 0;
    for (int seed = 0; seed < 300; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      double[] critic = new double[6];
      double[] policy = new double[6];
      for (int i = 0; i < 6; i++) {
        critic[i] = draw(random, 0.9);
        policy[i] = draw(random, 0.85);
      }
      alarms +=
          Divergence.in(curve(critic, policy))
                  .filter(found -> found.level() == Divergence.Level.CERTAIN)
                  .isPresent()
              ? 1
              : 0;
    }
    assertTrue(alarms < 45, alarms + " of 300");
  }

  private static double draw(SplittableRandom random, double p) {
    return random.doubles(ITEMS).filter(u -> u < p).count() / (double) ITEMS;
  }
}
