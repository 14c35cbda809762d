package krites.actors;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.pekko.actor.typed.ActorRef;

/** Which rollout worker holds which groups, and who has a free slot. */
final class RolloutTable {
  private record Row(ActorRef<RolloutWorker.Command> ref, int capacity, TreeSet<Long> held) {
    int free() {
      return capacity - held.size();
    }
  }

  private final Map<String, Row> rows = new TreeMap<>();

  void join(String worker, int capacity, ActorRef<RolloutWorker.Command> ref) {
    rows.put(worker, new Row(ref, capacity, new TreeSet<>()));
  }

  /** Forgets a worker; the groups that it held, in order. */
  List<Long> leave(String worker) {
    Row row = rows.remove(worker);
    return row == null ? List.of() : List.copyOf(row.held());
  }

  /** The worker with the most free slots, the first by name among equals; empty when all are busy. */
  Optional<String> freest() {
    return rows.entrySet().stream()
        .filter(entry -> entry.getValue().free() > 0)
        .max(Comparator.<Map.Entry<String, Row>>comparingInt(entry -> entry.getValue().free())
            .thenComparing(Map.Entry.comparingByKey(Comparator.reverseOrder())))
        .map(Map.Entry::getKey);
  }

  void assign(String worker, RolloutWorker.Generate generate) {
    Row row = rows.get(worker);
    if (row == null || row.free() == 0) {
      throw new IllegalStateException("worker " + worker + " has no free slot");
    }
    row.held().add(generate.request().groupId());
    row.ref().tell(generate);
  }

  /** Frees the slot of a group; false when the worker does not hold it (any more). */
  boolean release(String worker, long groupId) {
    Row row = rows.get(worker);
    return row != null && row.held().remove(groupId);
  }

  /** One phrase per worker, for a person who asks what a run waits for. */
  List<String> describe() {
    List<String> lines = new ArrayList<>();
    rows.forEach((name, row) -> lines.add(name + (row.held().isEmpty() ? " is idle" : " holds groups " + row.held())));
    return lines;
  }
}
