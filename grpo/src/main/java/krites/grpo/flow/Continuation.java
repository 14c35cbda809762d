package krites.grpo.flow;

import java.util.List;

/**
 * Where a run goes on after a stop or a crash.
 *
 * @param state the state in the checkpoint whose weights are loaded
 * @param since the journal's entries after that state, oldest first; the steps among them are lost
 */
public record Continuation(RunState state, List<LedgerEvent> since) {
  public Continuation {
    since = List.copyOf(since);
  }

  /** The ledger as it was when the journal ended. */
  public RunLedger ledger() {
    RunLedger ledger = RunLedger.restore(state.ledger());
    since.forEach(ledger::apply);
    return ledger;
  }

  /** Entries of the journal so far. */
  public long journal() {
    return state.journal() + since.size();
  }
}
