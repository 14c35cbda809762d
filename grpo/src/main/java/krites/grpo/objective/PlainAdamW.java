package krites.grpo.objective;

/**
 * AdamW for one parameter in float32, rounding as PyTorch's {@code torch.optim.AdamW} does.
 * Mutable; not thread-safe.
 *
 * <p>Source: Loshchilov and Hutter (arXiv 1711.05101), algorithm 2. A parameter without a gradient
 * is not stepped at all, so it sees no weight decay either and keeps its own step count.
 */
public final class PlainAdamW {
  private final AdamSettings settings;
  private final float[] mean;
  private final float[] square;
  private long steps;

  /** State of zeros for a parameter with {@code length} values. */
  public PlainAdamW(int length, AdamSettings settings) {
    this.settings = settings;
    this.mean = new float[length];
    this.square = new float[length];
  }

  /**
   * Changes the weights by one step.
   *
   * @param weights changed in place
   * @param gradient same length; not changed
   * @param learningRate the rate of this step
   */
  public void step(float[] weights, float[] gradient, double learningRate) {
    requireLength(weights.length, gradient.length);
    steps++;
    float keep = (float) (1 - learningRate * settings.weightDecay());
    float meanShare = (float) (1 - settings.beta1());
    float squareKeep = (float) settings.beta2();
    float squareShare = (float) (1 - settings.beta2());
    float stepSize = (float) (learningRate / (1 - Math.pow(settings.beta1(), steps)));
    float rootCorrection = (float) Math.sqrt(1 - Math.pow(settings.beta2(), steps));
    float epsilon = (float) settings.epsilon();
    for (int k = 0; k < weights.length; k++) {
      float g = gradient[k];
      mean[k] += meanShare * (g - mean[k]);
      square[k] = square[k] * squareKeep + squareShare * g * g;
      float root = (float) Math.sqrt(square[k]) / rootCorrection + epsilon;
      weights[k] = weights[k] * keep - stepSize * (mean[k] / root);
    }
  }

  private void requireLength(int weights, int gradient) {
    if (weights != mean.length || gradient != mean.length) {
      throw new IllegalArgumentException(
          "AdamW of "
              + mean.length
              + " values got "
              + weights
              + " weights and "
              + gradient
              + " gradients");
    }
  }
}
