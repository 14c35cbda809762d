package krites.grpo.flow;

import krites.grpo.PolicyVersion;

/**
 * All that a run needs to go on from a checkpoint, besides the weights and the optimizer.
 *
 * @param evaluatedStep the last step that was evaluated, -1 for none
 * @param ledger groups and prompts
 * @param journal entries of the journal that this state contains; the entries after them are
 *     applied to it when the run goes on
 */
public record RunState(long evaluatedStep, LedgerSnapshot ledger, long journal) {
  public RunState {
    if (journal < 0) {
      throw new IllegalArgumentException("run state after " + journal + " journal entries");
    }
  }

  /** Steps completed. */
  public long step() {
    return ledger.completedSteps();
  }

  /** The version after the last completed step. */
  public PolicyVersion version() {
    return ledger.version();
  }

  /** The seed that all others derive from. */
  public long runSeed() {
    return ledger.runSeed();
  }
}
