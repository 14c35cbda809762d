package krites.grpo.objective;

/**
 * Constants of Adam with decoupled weight decay.
 *
 * @param beta1 decay of the mean gradient, in [0, 1)
 * @param beta2 decay of the mean squared gradient, in [0, 1)
 * @param epsilon added to the root of the latter
 * @param weightDecay share of a weight removed per step and unit of learning rate
 */
public record AdamSettings(double beta1, double beta2, double epsilon, double weightDecay) {
  public AdamSettings {
    boolean betas = beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1;
    if (!betas || !(epsilon >= 0) || !(weightDecay >= 0)) {
      throw new IllegalArgumentException(
          "Adam: betas "
              + beta1
              + " and "
              + beta2
              + ", epsilon "
              + epsilon
              + ", weight decay "
              + weightDecay);
    }
  }

  /** The published recipe: 0.9, 0.999, 1e-8, 0.01. */
  public static AdamSettings published() {
    return new AdamSettings(0.9, 0.999, 1e-8, 0.01);
  }
}
