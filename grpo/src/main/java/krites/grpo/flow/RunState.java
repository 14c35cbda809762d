package krites.grpo.flow;

import krites.grpo.PolicyVersion;

/**
 * All that a run needs to go on from a checkpoint, besides the weights and the optimizer.
 *
 * @param step steps completed
 * @param version the version after that step
 * @param runSeed the seed that all others derive from
 * @param evaluatedStep the last step that was evaluated, -1 for none
 * @param ledger the groups
 * @param cursor the prompts
 */
public record RunState(
    long step,
    PolicyVersion version,
    long runSeed,
    long evaluatedStep,
    LedgerSnapshot ledger,
    CursorState cursor) {
  public RunState {
    if (step != ledger.completedSteps() || !version.equals(ledger.version())) {
      throw new IllegalArgumentException(
          "run state of step "
              + step
              + " and "
              + version
              + " has a ledger of step "
              + ledger.completedSteps()
              + " and "
              + ledger.version());
    }
  }
}
