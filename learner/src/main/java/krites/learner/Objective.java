package krites.learner;

import krites.grpo.Tuning;
import krites.grpo.objective.CispoObjective;
import krites.grpo.objective.ClippedObjective;
import krites.grpo.objective.DecoupledObjective;
import krites.grpo.objective.SapoObjective;

/**
 * What the learner minimises.
 *
 * @param temperature of the sampling; logits are divided by it
 * @param loss of the log-probabilities under that temperature
 */
public record Objective(double temperature, DecoupledObjective loss) {
  public Objective {
    if (!(temperature > 0)) {
      throw new IllegalArgumentException(
          "temperature " + temperature + " of the objective is not above 0");
    }
  }

  /** Whether the loss has a term that needs the reference policy. */
  public boolean usesReference() {
    return loss.klCoefficient() > 0;
  }

  /** The objective of one step; clip bounds mean nothing to a surrogate without a clip. */
  Objective with(Tuning tuning) {
    if (tuning.equals(Tuning.NONE)) {
      return this;
    }
    double kl = tuning.klCoefficient().orElse(loss.klCoefficient());
    return new Objective(
        temperature,
        switch (loss.policy()) {
          case ClippedObjective clipped ->
              loss.with(
                  tuning.clipLow().orElse(clipped.clipLow()),
                  tuning.clipHigh().orElse(clipped.clipHigh()),
                  kl);
          case CispoObjective cispo ->
              loss.with(
                  tuning.clipLow().orElse(cispo.clipLow()),
                  tuning.clipHigh().orElse(cispo.clipHigh()),
                  kl);
          case SapoObjective _ -> loss.with(0, 0, kl);
        });
  }
}
