package krites.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import krites.app.config.ConfigReader;
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
import org.junit.jupiter.api.Test;

/** What is written under {@code algorithm} is what is minimised. */
class ConfiguredObjectiveTest {
  private static final LogRatioGuard GUARD = LogRatioGuard.EASYR1;

  @Test
  void nothingWrittenIsThePublishedRecipeWithTokensOfOlderVersionsTruncated() {
    assertEquals(DecoupledObjective.published(), read());
  }

  @Test
  void eachSurrogateHasItsNumbers() {
    assertEquals(policy(RatioLevel.SEQUENCE), read("objective=gspo").policy());
    assertEquals(
        policy(RatioLevel.SEQUENCE_VALUE_TOKEN_GRADIENT), read("objective=gspo-token").policy());
    assertEquals(new CispoObjective(0.2, 0.3, GUARD), read("objective=cispo").policy());
    assertEquals(
        new SapoObjective(2, 1.05, GUARD), read("objective=sapo", "gate-positive=2").policy());
    assertEquals(
        new ClippedObjective(0.1, 0.28, 4, RatioLevel.TOKEN, GUARD),
        read("clip-low=0.1", "clip-high=0.28", "dual-clip=4").policy());
  }

  @Test
  void eachCorrectionHasItsBounds() {
    assertEquals(new Correction.None(), read("correction=none").correction());
    assertEquals(
        new Correction.TruncatedSequence(5),
        read("correction-level=sequence", "importance-cap=5").correction());
    assertEquals(
        new Correction.MaskedSequence(0.25, 3),
        read(
                "correction=masked",
                "correction-level=sequence",
                "importance-low=0.25",
                "importance-high=3")
            .correction());
    assertEquals(
        new Correction.MaskedGeometric(0.5, 2, 2),
        read("correction=masked", "correction-level=geometric").correction());
    assertEquals(
        new Correction.IcePop(0.5, 5), read("correction=icepop", "importance-high=5").correction());
    assertEquals(CorrectedTokens.ALL, read("correction-tokens=all").corrected());
  }

  @Test
  void proximalPolicyAndDivergenceAreThoseNamed() {
    assertEquals(ProximalRule.APPROXIMATED, read("proximal=approximated").proximal());
    assertEquals(ProximalRule.BEHAVIOUR, read("proximal=behaviour", "correction=none").proximal());
    assertEquals(KlEstimate.K1, read("kl-estimator=kl").kl());
    assertEquals(KlEstimate.ABSOLUTE, read("kl-estimator=abs").kl());
    assertEquals(KlEstimate.K2, read("kl-estimator=mse").kl());
    assertEquals(KlEstimate.K3, read("kl-estimator=low-var-kl").kl());
    assertEquals(KlEstimate.K1_VALUE_K2_GRADIENT, read("kl-estimator=k1+").kl());
    assertEquals(KlEstimate.ABSOLUTE_VALUE_K2_GRADIENT, read("kl-estimator=abs+").kl());
    assertEquals(KlEstimate.K3_VALUE_K2_GRADIENT, read("kl-estimator=low_var_kl+").kl());
    assertEquals(0.5, read("kl-coefficient=0.5").klCoefficient());
  }

  private static PolicyObjective policy(RatioLevel level) {
    return new ClippedObjective(0.2, 0.3, 3, level, GUARD);
  }

  private static DecoupledObjective read(String... settings) {
    ConfigReader reader = new ConfigReader().withConfigs(List.of());
    for (String setting : settings) {
      reader = reader.withAssignment("--set", "algorithm." + setting);
    }
    return ConfiguredObjective.of(reader.read().config().algorithm());
  }
}
