package krites.grpo;

import java.util.OptionalDouble;

/**
 * What one learner step uses instead of its configured values; an empty one keeps the
 * configuration.
 *
 * <p>Ranges are those of the settings of the same name, so a value that a configuration file may
 * hold may also come while the run goes on.
 *
 * @param learningRate replaces the peak rate, at least 0; warm-up and schedule keep their shape
 * @param clipLow replaces {@code algorithm.clip-low}, at least 0 and below 1
 * @param clipHigh replaces {@code algorithm.clip-high}, at least 0
 * @param klCoefficient replaces {@code algorithm.kl-coefficient}, at least 0; 0 saves the pass of
 *     the reference
 */
public record Tuning(
    OptionalDouble learningRate,
    OptionalDouble clipLow,
    OptionalDouble clipHigh,
    OptionalDouble klCoefficient) {
  /** Everything as configured. */
  public static final Tuning NONE =
      new Tuning(
          OptionalDouble.empty(),
          OptionalDouble.empty(),
          OptionalDouble.empty(),
          OptionalDouble.empty());

  public Tuning {
    requireAtLeastZero("learning rate", learningRate);
    requireAtLeastZero("clip-low", clipLow);
    requireAtLeastZero("clip-high", clipHigh);
    requireAtLeastZero("KL coefficient", klCoefficient);
    if (clipLow.orElse(0) >= 1) {
      throw new IllegalArgumentException(
          "tuning of clip-low: expected a number of at least 0 and below 1, found "
              + clipLow.getAsDouble());
    }
  }

  private static void requireAtLeastZero(String what, OptionalDouble value) {
    double number = value.orElse(0);
    if (!(number >= 0) || !Double.isFinite(number)) {
      throw new IllegalArgumentException(
          "tuning of " + what + ": expected a number of at least 0, found " + number);
    }
  }
}
