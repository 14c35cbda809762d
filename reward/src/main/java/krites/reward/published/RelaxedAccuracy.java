package krites.reward.published;

import java.util.Locale;
import java.util.Optional;
import krites.reward.PythonText;

/**
 * ChartQA's relaxed accuracy: a number may be off by five percent of the expected one, all else
 * must be equal but for case. A number with a percent sign is a hundredth.
 *
 * <p>Source: section 5.1 of ChartQA (arXiv 2203.10244); {@code tasks/chartqa/utils.py} of
 * lmms-eval. An expected zero is compared as a text there, which is kept.
 */
public final class RelaxedAccuracy {
  private static final double RELATIVE_CHANGE_MAX = 0.05;

  private RelaxedAccuracy() {}

  /** Whether a prediction is right. */
  public static boolean correct(String prediction, String expected) {
    Optional<Double> seen = number(prediction);
    Optional<Double> wanted = number(expected).filter(number -> number != 0);
    if (seen.isPresent() && wanted.isPresent()) {
      return Math.abs(seen.get() - wanted.get()) / Math.abs(wanted.get()) <= RELATIVE_CHANGE_MAX;
    }
    return prediction.toLowerCase(Locale.ROOT).equals(expected.toLowerCase(Locale.ROOT));
  }

  private static Optional<Double> number(String text) {
    return text.endsWith("%")
        ? PythonText.toFloat(text.replaceFirst("%+$", "")).map(number -> number / 100)
        : PythonText.toFloat(text);
  }
}
