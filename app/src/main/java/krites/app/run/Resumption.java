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
 * @param journal where the journal ended when it was read
 */
public record Resumption(
    Optional<Checkpoints.Checkpoint> checkpoint,
    Continuation continuation,
    PolicyVersion version,
    JournalEnd journal) {

  /**
   * The newest checkpoint of a run and the journal since then, with the whole journal checked. Only
   * reads.
   *
   * <p>A checkpoint that a learner finished after it was taken for lost, and after the run had gone
   * on from an earlier one, is passed over.
   *
   * @throws InputError if there is nothing to go on from, or it is damaged
   */
  public static Resumption newest(Path runFolder) {
    return newest(runFolder, true);
  }

  /**
   * The same for a run that goes on at once after somebody was lost: of the journal only what the
   * checkpoint has not seen is read, so that it takes no longer after weeks than after minutes.
   *
   * @throws InputError if there is nothing to go on from, or it is damaged
   */
  public static Resumption afterLoss(Path runFolder) {
    return newest(runFolder, false);
  }

  private static Resumption newest(Path runFolder, boolean whole) {
    Path journal = runFolder.resolve(RunDirectory.EVENTS);
    for (Checkpoints.Checkpoint found : RunDirectory.checkpoints(runFolder).reversed()) {
      Optional<JournalPosition> position =
          JournalPosition.after(journal, CheckpointFiles.read(found), found.folder(), whole);
      if (position.isPresent()) {
        return of(Optional.of(found), position.get());
      }
    }
    return of(
        Optional.empty(),
        JournalPosition.ofStart(journal)
            .orElseThrow(
                () ->
                    new InputError("run " + runFolder + " ended before it began; start it anew")));
  }

  private static Resumption of(
      Optional<Checkpoints.Checkpoint> checkpoint, JournalPosition position) {
    Continuation continuation = position.continuation();
    long term = continuation.ledger().version().term() + 1;
    return new Resumption(
        checkpoint,
        continuation,
        new PolicyVersion(term, continuation.state().version().number()),
        position.end());
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
