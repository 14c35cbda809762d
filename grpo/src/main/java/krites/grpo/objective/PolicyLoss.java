package krites.grpo.objective;

/**
 * A policy loss with its gradient.
 *
 * @param value the aggregated loss, to be minimised
 * @param gradient derivative with respect to each policy log-prob, (responses, tokens); 0 where the
 *     mask is
 * @param clipFractionHigh share of tokens whose ratio the clip held back: {@code
 *     pg_clipfrac_higher}
 * @param clipFractionLow share of tokens whose loss the dual clip capped: {@code pg_clipfrac_lower}
 * @param ppoKl mean of proximal minus policy log-prob: {@code ppo_kl}
 */
public record PolicyLoss(
    double value,
    double[][] gradient,
    double clipFractionHigh,
    double clipFractionLow,
    double ppoKl) {}
