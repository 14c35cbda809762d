package krites.grpo.flow;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import krites.grpo.Drop;

/**
 * What became of all groups that were ever issued.
 *
 * @param issued groups started
 * @param trained groups that were part of a completed step
 * @param dropped groups that ended untrained, by reason; reasons that never occurred are left out
 * @param inFlight groups that have not ended
 * @throws IllegalArgumentException if {@code issued = trained + dropped + inFlight} does not hold
 */
public record Account(long issued, long trained, Map<Drop, Long> dropped, long inFlight) {
  public Account {
    EnumMap<Drop, Long> copy = new EnumMap<>(Drop.class);
    copy.putAll(dropped);
    copy.values().removeIf(count -> count == 0);
    dropped = Collections.unmodifiableMap(copy);
    long droppedInAll = copy.values().stream().mapToLong(Long::longValue).sum();
    if (issued != trained + droppedInAll + inFlight) {
      throw new IllegalArgumentException(
          "the account does not close: issued "
              + issued
              + ", trained "
              + trained
              + ", dropped "
              + droppedInAll
              + " "
              + copy
              + ", in flight "
              + inFlight);
    }
  }

  /** Groups dropped for any reason. */
  public long droppedInAll() {
    return dropped.values().stream().mapToLong(Long::longValue).sum();
  }
}
