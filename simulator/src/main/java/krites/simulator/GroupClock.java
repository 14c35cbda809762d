package krites.simulator;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.flow.LedgerEvent.GroupDropped;
import krites.grpo.flow.LedgerEvent.GroupGenerated;
import krites.grpo.flow.LedgerEvent.GroupReady;
import krites.grpo.flow.LedgerEvent.GroupStarted;

/**
 * Reads out of a journal with times how long groups were sampled and scored; the same for a
 * recorded run and for a simulated one.
 */
public final class GroupClock {
  private final Map<Long, Double> started = new HashMap<>();
  private final Map<Long, Double> generated = new HashMap<>();
  private final List<Double> sampling = new ArrayList<>();
  private final List<Double> scoring = new ArrayList<>();

  /** Takes in the next record; {@code seconds} is when it was written, from any beginning. */
  public void read(double seconds, LedgerEvent event) {
    switch (event) {
      case GroupStarted start -> started.put(start.groupId(), seconds);
      case GroupGenerated whole -> {
        Double since = started.remove(whole.groupId());
        if (since != null) {
          sampling.add(seconds - since);
        }
        generated.put(whole.groupId(), seconds);
      }
      case GroupReady ready -> {
        Double since = generated.remove(ready.groupId());
        if (since != null) {
          scoring.add(seconds - since);
        }
      }
      case GroupDropped dropped -> {
        started.remove(dropped.groupId());
        generated.remove(dropped.groupId());
      }
      default -> {} // no other fact is about the time of a group
    }
  }

  /** Median seconds from asking for a group until it was sampled; empty without a group. */
  public Optional<Double> groupSeconds() {
    return quantile(sampling, 0.5);
  }

  /**
   * Seconds from the last token of a group to its rewards, of the fastest tenth: those that waited
   * for no reward worker. Empty without a group.
   */
  public Optional<Double> scoringSeconds() {
    return quantile(scoring, 0.1);
  }

  private static Optional<Double> quantile(List<Double> values, double share) {
    List<Double> sorted = new ArrayList<>(values);
    Collections.sort(sorted);
    return sorted.isEmpty()
        ? Optional.empty()
        : Optional.of(sorted.get((int) (share * (sorted.size() - 1))));
  }
}
