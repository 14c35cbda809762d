package krites.learner;

/**
 * AdamW as torch.optim.AdamW has it, with weight decay on every parameter; {@code maxNorm} 0 clips
 * nothing.
 */
public record AdamWSettings(
    double beta1, double beta2, double epsilon, double weightDecay, double maxNorm) {
  /** The published recipe: betas 0.9/0.999, eps 1e-8, weight decay 0.01, clipping at norm 1. */
  public static final AdamWSettings PUBLISHED = new AdamWSettings(0.9, 0.999, 1e-8, 0.01, 1.0);

  public AdamWSettings {
    if (!(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1)) {
      throw new IllegalArgumentException("betas " + beta1 + ", " + beta2 + " are not in [0, 1)");
    }
    if (!(epsilon > 0) || !(weightDecay >= 0) || !(maxNorm >= 0)) {
      throw new IllegalArgumentException(
          "eps "
              + epsilon
              + ", weight decay "
              + weightDecay
              + " or max norm "
              + maxNorm
              + " is out of range");
    }
  }
}
