package krites.grpo.objective;

/**
 * AdamW for one parameter that lives, with all its state, in a low precision; what rounding takes
 * from a weight is kept beside it and added later. Mutable; not thread-safe.
 *
 * <p>Source: {@code AnyPrecisionAdamW} of EasyR1 (from llama-cookbook), with Kahan's compensated
 * summation. Every operation is rounded to the precision, in the order of that program.
 */
public final class CompensatedAdamW {
  private final AdamSettings settings;
  private final Precision precision;
  private final boolean compensated;
  private final float[] mean;
  private final float[] square;
  private final float[] compensation;
  private long steps;

  /**
   * State of zeros.
   *
   * @param length values of the parameter
   * @param precision format of weights and state
   * @param compensated whether rounding errors of the weights are kept
   */
  public CompensatedAdamW(
      int length, AdamSettings settings, Precision precision, boolean compensated) {
    this.settings = settings;
    this.precision = precision;
    this.compensated = compensated;
    this.mean = new float[length];
    this.square = new float[length];
    this.compensation = new float[length];
  }

  /**
   * Changes the weights by one step.
   *
   * @param weights changed in place; values of the precision
   * @param gradient same length; values of the precision; not changed
   * @param learningRate the rate of this step
   */
  public void step(float[] weights, float[] gradient, double learningRate) {
    if (weights.length != mean.length || gradient.length != mean.length) {
      throw new IllegalArgumentException(
          "AdamW of "
              + mean.length
              + " values got "
              + weights.length
              + " weights and "
              + gradient.length
              + " gradients");
    }
    steps++;
    float keep = (float) (1 - learningRate * settings.weightDecay());
    float stepSize = (float) (learningRate / (1 - Math.pow(settings.beta1(), steps)));
    float rootCorrection = (float) Math.sqrt(1 - Math.pow(settings.beta2(), steps));
    for (int k = 0; k < weights.length; k++) {
      float g = gradient[k];
      if (settings.weightDecay() != 0) {
        weights[k] = precision.round(weights[k] * keep);
      }
      float decayedMean = precision.round(mean[k] * (float) settings.beta1());
      mean[k] = precision.round(decayedMean + (float) (1 - settings.beta1()) * g);
      float decayedSquare = precision.round(square[k] * (float) settings.beta2());
      square[k] = precision.round(decayedSquare + (float) (1 - settings.beta2()) * g * g);
      float root = precision.round(precision.round(Math.sqrt(square[k])) / rootCorrection);
      float change = -stepSize * mean[k] / precision.round(root + (float) settings.epsilon());
      addTo(weights, k, change);
    }
  }

  private void addTo(float[] weights, int k, float change) {
    if (!compensated) {
      weights[k] = precision.round(weights[k] + change);
      return;
    }
    compensation[k] = precision.round(compensation[k] + change);
    float before = weights[k];
    weights[k] = precision.round(before + compensation[k]);
    compensation[k] = precision.round(compensation[k] + precision.round(before - weights[k]));
  }
}
