package krites.app.audit;

import java.util.Map;
import krites.grpo.Drop;
import krites.grpo.PolicyVersion;

/**
 * What the books say.
 *
 * @param issued groups started
 * @param trained groups in the weights
 * @param dropped groups that ended otherwise, by reason
 * @param inFlight groups that have not ended
 * @param step steps in the weights
 * @param steps steps of the whole run
 * @param version the version being trained
 * @param maxStaleness the limit in force at the end
 * @param oldestAge the largest age of a group when its batch was taken, undone ones included
 * @param ages groups in the weights by their age
 * @param undoneSteps steps that were trained and whose weights were lost
 * @param setAside prompts that are not issued any more, with the reason
 * @param ended whether the last event says that the run ended
 */
public record Books(
    long issued,
    long trained,
    Map<Drop, Long> dropped,
    long inFlight,
    long step,
    long steps,
    PolicyVersion version,
    int maxStaleness,
    long oldestAge,
    Map<Long, Long> ages,
    long undoneSteps,
    Map<Long, String> setAside,
    boolean ended) {
  public Books {
    dropped = Map.copyOf(dropped);
    ages = Map.copyOf(ages);
    setAside = Map.copyOf(setAside);
  }

  /** Whether every group that was issued is accounted for. */
  public boolean closes() {
    long ends = trained + inFlight;
    for (long count : dropped.values()) {
      ends += count;
    }
    return issued == ends;
  }
}
