package krites.grpo.planted;

import krites.simulator.FaultPlan;

/** Breaks the rule that what is simulated does not know it. */
public final class SimulatedDecision {
  public boolean mayStart(FaultPlan plan) {
    return plan.faults().isEmpty();
  }
}
