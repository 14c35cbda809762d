package krites.grpo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.OptionalDouble;
import krites.grpo.objective.LearningRate;
import org.junit.jupiter.api.Test;

class TuningTest {
  private static final OptionalDouble NO = OptionalDouble.empty();

  @Test
  void valuesThatAConfigurationWouldRefuseAreRefusedWithTheirName() {
    assertRefused("learning rate", OptionalDouble.of(-1e-9), NO, NO, NO);
    assertRefused("learning rate", OptionalDouble.of(Double.NaN), NO, NO, NO);
    assertRefused("clip-low", NO, OptionalDouble.of(1), NO, NO);
    assertRefused("clip-high", NO, NO, OptionalDouble.of(Double.POSITIVE_INFINITY), NO);
    assertRefused("KL coefficient", NO, NO, NO, OptionalDouble.of(-0.01));
  }

  @Test
  void theLimitsThemselvesAreAllowed() {
    OptionalDouble zero = OptionalDouble.of(0);
    assertEquals(zero, new Tuning(zero, zero, zero, zero).clipLow());
  }

  @Test
  void anotherPeakKeepsTheCourseOfTheLearningRate() {
    for (LearningRate course :
        List.of(
            new LearningRate.Constant(2e-4, 5), new LearningRate.Cosine(2e-4, 5, 50, 0.1, 0.2))) {
      for (long step = 0; step < 60; step++) {
        assertEquals(course.at(step) / 2, course.withPeak(1e-4).at(step), 1e-18, course + "");
      }
    }
  }

  private static void assertRefused(
      String name,
      OptionalDouble rate,
      OptionalDouble low,
      OptionalDouble high,
      OptionalDouble kl) {
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, () -> new Tuning(rate, low, high, kl));
    assertEquals("tuning of " + name, refused.getMessage().split(":")[0]);
  }
}
