package krites.grpo.flow;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import krites.grpo.Drop;
import krites.grpo.PolicyVersion;

/**
 * A {@link RunLedger} as a plain value, for a checkpoint.
 *
 * @param runSeed the seed that all others derive from
 * @param limits what bounded the run
 * @param nextGroupId number of the next group
 * @param completedSteps steps trained
 * @param durableStep the last step of which a checkpoint is known, 0 for none
 * @param version the version being trained
 * @param issued groups started so far
 * @param trained groups trained so far
 * @param dropped groups dropped so far, by reason
 * @param inFlight the groups that had not ended, oldest first
 * @param maxStalenessSeen the largest age of a group when its batch was taken
 * @param cursor the prompts
 * @param losses workers that died under a ticket, by ticket number
 * @param setAside prompts that are not issued any more, by index, with the reason
 */
public record LedgerSnapshot(
    long runSeed,
    FlowLimits limits,
    long nextGroupId,
    long completedSteps,
    long durableStep,
    PolicyVersion version,
    long issued,
    long trained,
    Map<Drop, Long> dropped,
    List<Flight> inFlight,
    long maxStalenessSeen,
    CursorState cursor,
    Map<Long, Integer> losses,
    Map<Long, String> setAside) {

  /** A group in flight. */
  public record Flight(long groupId, PromptTicket ticket, GroupState state) {}

  public LedgerSnapshot {
    dropped = sorted(dropped);
    inFlight = List.copyOf(inFlight);
    losses = sorted(losses);
    setAside = sorted(setAside);
    if (nextGroupId < 1
        || completedSteps < 0
        || durableStep < 0
        || durableStep > completedSteps
        || maxStalenessSeen < 0) {
      throw new IllegalArgumentException(
          "ledger snapshot with next group "
              + nextGroupId
              + ", steps "
              + completedSteps
              + ", durable step "
              + durableStep
              + ", staleness "
              + maxStalenessSeen
              + " is impossible");
    }
    new Account(
        issued, trained, dropped, inFlight.size()); // refuses an account that does not close
  }

  /** A copy in order of the keys, so that a snapshot is written the same way every time. */
  private static <K extends Comparable<K>, V> Map<K, V> sorted(Map<K, V> map) {
    return Collections.unmodifiableMap(new TreeMap<>(map));
  }
}
