package krites.app;

import krites.app.config.RunConfig;
import krites.grpo.objective.CispoObjective;
import krites.grpo.objective.ClippedObjective;
import krites.grpo.objective.CorrectedTokens;
import krites.grpo.objective.Correction;
import krites.grpo.objective.DecoupledObjective;
import krites.grpo.objective.LogRatioGuard;
import krites.grpo.objective.PolicyObjective;
import krites.grpo.objective.ProximalRule;
import krites.grpo.objective.RatioLevel;
import krites.grpo.objective.SapoObjective;

/** The loss that the section {@code algorithm} of the settings describes. */
final class ConfiguredObjective {
  /** As in the published recipe; a log-ratio beyond 20 is an overflow, not a policy. */
  private static final LogRatioGuard GUARD = LogRatioGuard.EASYR1;

  private ConfiguredObjective() {}

  static DecoupledObjective of(RunConfig.Algorithm algorithm) {
    return new DecoupledObjective(
        policy(algorithm),
        switch (algorithm.proximal()) {
          case RECOMPUTED -> ProximalRule.RECOMPUTED;
          case APPROXIMATED -> ProximalRule.APPROXIMATED;
          case BEHAVIOUR -> ProximalRule.BEHAVIOUR;
        },
        correction(algorithm),
        switch (algorithm.correctionTokens()) {
          case STALE -> CorrectedTokens.STALE;
          case ALL -> CorrectedTokens.ALL;
        },
        algorithm.klEstimator(),
        algorithm.klCoefficient());
  }

  private static PolicyObjective policy(RunConfig.Algorithm algorithm) {
    return switch (algorithm.objective()) {
      case GRPO -> clipped(algorithm, RatioLevel.TOKEN);
      case GSPO -> clipped(algorithm, RatioLevel.SEQUENCE);
      case GSPO_TOKEN -> clipped(algorithm, RatioLevel.SEQUENCE_VALUE_TOKEN_GRADIENT);
      case CISPO -> new CispoObjective(algorithm.clipLow(), algorithm.clipHigh(), GUARD);
      case SAPO -> new SapoObjective(algorithm.gatePositive(), algorithm.gateNegative(), GUARD);
    };
  }

  private static ClippedObjective clipped(RunConfig.Algorithm algorithm, RatioLevel level) {
    return new ClippedObjective(
        algorithm.clipLow(), algorithm.clipHigh(), algorithm.dualClip(), level, GUARD);
  }

  private static Correction correction(RunConfig.Algorithm algorithm) {
    double cap = algorithm.importanceCap();
    double low = algorithm.importanceLow();
    double high = algorithm.importanceHigh();
    return switch (algorithm.correction()) {
      case NONE -> new Correction.None();
      case TRUNCATED ->
          algorithm.correctionLevel() == RunConfig.CorrectionLevel.TOKEN
              ? new Correction.TruncatedToken(cap)
              : new Correction.TruncatedSequence(cap);
      case MASKED ->
          algorithm.correctionLevel() == RunConfig.CorrectionLevel.SEQUENCE
              ? new Correction.MaskedSequence(low, high)
              : new Correction.MaskedGeometric(low, high, cap);
      case ICEPOP -> new Correction.IcePop(low, high);
    };
  }
}
