package krites.grpo.objective;

/** Which tokens a {@link Correction} may weigh; the others have weight 1. */
public enum CorrectedTokens {
  /**
   * Tokens of versions older than the one being trained, so that the last bits of two engines that
   * run the same weights do not reach the gradient.
   */
  STALE,
  /** Every token, which corrects the mismatch of the engines as well. */
  ALL
}
