package krites.grpo.objective;

import java.util.List;

/**
 * Scales all gradients together when their joint norm is too large.
 *
 * <p>Source: {@code torch.nn.utils.clip_grad_norm_}, with its 1e-6 in the denominator.
 *
 * @param norm Euclidean norm of all gradients before clipping
 * @param finite whether the norm is finite; if not, nothing was scaled and the step should be
 *     skipped
 */
public record GradientClip(double norm, boolean finite) {
  private static final double EPSILON = 1e-6;

  /** Clips float32 gradients in place. */
  public static GradientClip clip(List<float[]> gradients, double maxNorm) {
    return clip(gradients, maxNorm, Precision.FLOAT32);
  }

  /**
   * Clips in place.
   *
   * @param gradients one array per parameter, values of the precision
   * @param maxNorm largest norm allowed; above 0
   * @param precision format that norms and products are rounded to
   */
  public static GradientClip clip(List<float[]> gradients, double maxNorm, Precision precision) {
    if (!(maxNorm > 0)) {
      throw new IllegalArgumentException("gradient norm limit " + maxNorm + " is not above 0");
    }
    double squares = 0;
    for (float[] gradient : gradients) {
      double norm = precision.round(norm(gradient));
      squares += norm * norm;
    }
    float norm = precision.round(Math.sqrt(squares));
    if (!Float.isFinite(norm)) {
      return new GradientClip(norm, false);
    }
    float factor = precision.round(maxNorm / precision.round(norm + EPSILON));
    if (factor < 1) {
      for (float[] gradient : gradients) {
        for (int k = 0; k < gradient.length; k++) {
          gradient[k] = precision.round(gradient[k] * factor);
        }
      }
    }
    return new GradientClip(norm, true);
  }

  private static double norm(float[] gradient) {
    double squares = 0;
    for (float value : gradient) {
      squares += (double) value * value;
    }
    return Math.sqrt(squares);
  }
}
