package krites.learner;

import java.util.ArrayList;
import java.util.List;
import krites.grpo.objective.CispoObjective;
import krites.grpo.objective.ClippedObjective;
import krites.grpo.objective.CorrectedTokens;
import krites.grpo.objective.Correction;
import krites.grpo.objective.DecoupledObjective;
import krites.grpo.objective.KlEstimate;
import krites.grpo.objective.LogRatioGuard;
import krites.grpo.objective.PolicyObjective;
import krites.grpo.objective.ProximalRule;
import krites.grpo.objective.RatioLevel;
import krites.grpo.objective.SapoObjective;

/**
 * Every allowed combination of surrogate, proximal policy, correction and divergence; the estimates
 * with the gradient of another meet every surrogate and proximal policy, but one correction.
 */
final class ObjectiveChoices {
  private static final LogRatioGuard GUARD = LogRatioGuard.EASYR1;
  private static final List<PolicyObjective> POLICIES =
      List.of(
          ClippedObjective.published(),
          new ClippedObjective(
              0.2, 0.28, Double.POSITIVE_INFINITY, RatioLevel.TOKEN, LogRatioGuard.VERL),
          new ClippedObjective(0.1, 0.15, 3, RatioLevel.SEQUENCE, GUARD),
          new ClippedObjective(0.1, 0.15, 1.2, RatioLevel.SEQUENCE_VALUE_TOKEN_GRADIENT, GUARD),
          new CispoObjective(0.2, 0.28, GUARD),
          new SapoObjective(1, 1.05, GUARD));
  private static final List<Correction> CORRECTIONS =
      List.of(
          new Correction.None(),
          new Correction.TruncatedToken(1.5),
          new Correction.TruncatedSequence(1.5),
          new Correction.MaskedSequence(0.5, 2),
          new Correction.MaskedGeometric(0.8, 1.25, 1.5),
          new Correction.IcePop(0.6, 1.6));

  private static final List<KlEstimate> OWN_GRADIENT =
      List.of(KlEstimate.K1, KlEstimate.ABSOLUTE, KlEstimate.K2, KlEstimate.K3);

  private ObjectiveChoices() {}

  static List<DecoupledObjective> all() {
    List<DecoupledObjective> choices = new ArrayList<>();
    for (PolicyObjective policy : POLICIES) {
      for (ProximalRule rule : ProximalRule.values()) {
        for (Correction correction : CORRECTIONS) {
          for (CorrectedTokens corrected : CorrectedTokens.values()) {
            boolean all = correction instanceof Correction.None && corrected == CorrectedTokens.ALL;
            for (KlEstimate kl : all ? List.of(KlEstimate.values()) : OWN_GRADIENT) {
              if (rule != ProximalRule.BEHAVIOUR || correction instanceof Correction.None) {
                choices.add(new DecoupledObjective(policy, rule, correction, corrected, kl, 0.3));
              }
            }
          }
        }
      }
    }
    return choices;
  }
}
