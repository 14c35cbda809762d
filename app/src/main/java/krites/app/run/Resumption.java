package krites.app.run;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import krites.app.InputError;
import krites.grpo.PolicyVersion;
import krites.grpo.flow.Continuation;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.flow.LedgerEvent.RunEnded;
import krites.grpo.flow.RunState;

/**
 * Where a run goes on.
 *
 * @param checkpoint whose weights are loaded; empty for a run that was cut off before its first
 *     one, which begins again with the start model
 * @param continuation the state in the checkpoint, and what the journal says since then
 * @param version of those weights, under a term that no record of the journal has: nothing that the
 *     learner before published can be taken for its successor's
 */
public record Resumption(
    Optional<Checkpoints.Checkpoint> checkpoint, Continuation continuation, PolicyVersion version) {

  /**
   * The newest checkpoint of a run and the journal since then. Only reads.
   *
   * @throws InputError if there is nothing to go on from, or it is damaged
   */
  public static Resumption newest(Path runFolder) {
    Optional<Checkpoints.Checkpoint> checkpoint = RunDirectory.newestCheckpoint(runFolder);
    Path journal = runFolder.resolve(RunDirectory.EVENTS);
    Continuation continuation =
        checkpoint
            .map(
                found ->
                    JournalPosition.after(journal, CheckpointFiles.read(found), found.folder()))
            .or(() -> JournalPosition.ofStart(journal))
            .orElseThrow(
                () -> new InputError("run " + runFolder + " ended before it began; start it anew"));
    long term = continuation.ledger().version().term() + 1;
    return new Resumption(
        checkpoint, continuation, new PolicyVersion(term, continuation.state().version().number()));
  }

  /** Whether the last record says that the run, or this part of it, ended in order. */
  public boolean endedInOrder() {
    List<LedgerEvent> since = continuation.since();
    return !since.isEmpty() && since.getLast() instanceof RunEnded;
  }

  /** The state in the checkpoint. */
  public RunState state() {
    return continuation.state();
  }
}
