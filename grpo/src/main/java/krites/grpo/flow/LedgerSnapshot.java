package krites.grpo.flow;

import java.util.List;
import java.util.Map;
import krites.grpo.Drop;
import krites.grpo.PolicyVersion;

/**
 * A {@link RunLedger} as a plain value, for a checkpoint.
 *
 * @param nextGroupId number of the next group
 * @param completedSteps steps trained
 * @param version the version being trained
 * @param issued groups started so far
 * @param trained groups trained so far
 * @param dropped groups dropped so far, by reason
 * @param inFlight the groups that had not ended, oldest first
 * @param maxStalenessSeen the largest age of a group when its batch was taken
 */
public record LedgerSnapshot(
    long nextGroupId,
    long completedSteps,
    PolicyVersion version,
    long issued,
    long trained,
    Map<Drop, Long> dropped,
    List<Flight> inFlight,
    long maxStalenessSeen) {

  /** A group in flight: its number and the prompt that has to be issued again. */
  public record Flight(long groupId, PromptTicket ticket) {}

  public LedgerSnapshot {
    dropped = Map.copyOf(dropped);
    inFlight = List.copyOf(inFlight);
    if (nextGroupId < 1 || completedSteps < 0 || maxStalenessSeen < 0) {
      throw new IllegalArgumentException(
          "ledger snapshot with next group "
              + nextGroupId
              + ", steps "
              + completedSteps
              + ", staleness "
              + maxStalenessSeen
              + " is impossible");
    }
    new Account(
        issued, trained, dropped, inFlight.size()); // refuses an account that does not close
  }

  /** The same ledger under a version with the same number, whose term a new learner has raised. */
  public LedgerSnapshot under(PolicyVersion taken) {
    if (taken.number() != version.number() || taken.term() < version.term()) {
      throw new IllegalArgumentException(
          "the checkpoint is of " + version + ", the trainer has " + taken);
    }
    return new LedgerSnapshot(
        nextGroupId, completedSteps, taken, issued, trained, dropped, inFlight, maxStalenessSeen);
  }
}
