package krites.app.run;

import java.util.Map;
import java.util.function.Predicate;
import krites.grpo.flow.LedgerSnapshot;

/**
 * Passes the journal's events up to the moment of a ledger snapshot, and none after it.
 *
 * <p>The moment is the first at which the step of the snapshot is trained and as many groups are
 * issued and dropped as it says; what lies between that and the snapshot moves groups that were in
 * flight, and those are issued again.
 */
final class JournalCut implements Predicate<Map<String, Object>> {
  private final LedgerSnapshot until;
  private final long droppedUntil;
  private long steps;
  private long issued;
  private long dropped;

  JournalCut(LedgerSnapshot until) {
    this.until = until;
    this.droppedUntil = until.dropped().values().stream().mapToLong(Long::longValue).sum();
  }

  @Override
  public boolean test(Map<String, Object> line) {
    if (steps >= until.completedSteps() && issued >= until.issued() && dropped >= droppedUntil) {
      return false;
    }
    switch (String.valueOf(line.get(RunFiles.EVENT))) {
      case "StepTrained" -> steps++;
      case "GroupStarted" -> issued++;
      case "GroupDropped" -> dropped++;
      default -> {}
    }
    return true;
  }
}
