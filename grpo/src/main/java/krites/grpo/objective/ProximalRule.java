package krites.grpo.objective;

/**
 * Whose log-prob is the denominator of the ratio that the clip bounds.
 *
 * <p>The decoupled objective (Hilton et al., arXiv 2110.00641; AReaL, 2505.24298) clips against a
 * recent policy, the proximal one, and repairs the distribution of the data with the constant
 * weight {@code exp(proximal - behaviour)} ({@link Correction}). No gradient flows through the
 * proximal log-prob.
 */
public enum ProximalRule {
  /** The trainer's own log-probs at the start of the step. */
  RECOMPUTED,
  /**
   * Between behaviour and current policy, by versions: {@code behaviour + a (current - behaviour)}
   * with {@code a = (v_proximal - v_behaviour) / (v_current - v_behaviour)}, which needs no forward
   * pass of its own.
   *
   * <p>Source: A-3PO (arXiv 2512.06547), log-linear form, where the proximal policy is one version
   * behind the one being optimised. Here a step trains version v into v + 1, so {@code v_proximal =
   * v}, {@code v_current = v + 1}, and a token of staleness d has {@code a = d / (d + 1)}: 0 for a
   * token of the version being trained, whose behaviour policy is the proximal one.
   */
  APPROXIMATED,
  /**
   * The engine's log-probs at sampling: plain PPO on them, with a weight of 1 everywhere (bypass).
   */
  BEHAVIOUR;

  /**
   * The proximal log-prob of one token.
   *
   * @param start of the trainer before the step
   * @param behaviour of the engine at sampling
   * @param current of the policy being trained; a constant here
   * @param staleness versions between the token and the policy being trained, at least 0
   */
  public double logProb(double start, double behaviour, double current, double staleness) {
    return switch (this) {
      case RECOMPUTED -> start;
      case APPROXIMATED -> behaviour + staleness / (staleness + 1) * (current - behaviour);
      case BEHAVIOUR -> behaviour;
    };
  }
}
