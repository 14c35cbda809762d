package krites.learner;

/**
 * The numbers of the policy objective.
 *
 * <p>Source: {@code compute_policy_loss} and {@code compute_kl} of EasyR1; defaults of the
 * LLaVA-Critic-R1 recipe.
 *
 * @param temperature of the sampling; logits are divided by it
 * @param clipLow lower clip, 0.2
 * @param clipHigh upper clip, 0.3
 * @param dualClip bound of the loss for negative advantages, 3
 * @param klCoefficient weight of the divergence from the reference; 0 needs no reference
 * @param importanceCap truncation of exp(old - behaviour) for samples of older versions
 */
public record Objective(
    double temperature,
    double clipLow,
    double clipHigh,
    double dualClip,
    double klCoefficient,
    double importanceCap) {
  public Objective {
    if (!(temperature > 0)) {
      throw new IllegalArgumentException(
          "temperature " + temperature + " of the objective is not above 0");
    }
    if (!(clipLow >= 0 && clipLow < 1) || !(clipHigh >= 0)) {
      throw new IllegalArgumentException(
          "clip " + clipLow + "/" + clipHigh + " is not in [0, 1) and [0, inf)");
    }
    if (!(dualClip > 1)) {
      throw new IllegalArgumentException("dual clip " + dualClip + " is not above 1");
    }
    if (!(klCoefficient >= 0) || !(importanceCap > 0)) {
      throw new IllegalArgumentException(
          "KL coefficient "
              + klCoefficient
              + " is negative or importance cap "
              + importanceCap
              + " is not above 0");
    }
  }
}
