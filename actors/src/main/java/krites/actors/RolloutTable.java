package krites.actors;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * Which rollout worker holds which groups, and who has room for one more.
 *
 * <p>Room is counted in units of which a training group takes as many as eval groups fit, and the
 * other way round, so that a worker is full with its capacity of either and with any mixture that
 * weighs the same.
 */
final class RolloutTable {
  private record Row(
      ActorRef<RolloutWorker.Command> ref,
      int capacity,
      int evalCapacity,
      TreeMap<Long, Integer> held) {
    int free() {
      return capacity * evalCapacity - held.values().stream().mapToInt(Integer::intValue).sum();
    }

    int cost(boolean eval) {
      return eval ? capacity : evalCapacity;
    }
  }

  private final Map<String, Row> rows = new TreeMap<>();

  /** Takes a worker in; false when it is known already, as after a doubled announcement. */
  boolean join(String worker, int capacity, int evalCapacity, ActorRef<RolloutWorker.Command> ref) {
    Row known = rows.get(worker);
    if (known != null && known.ref().equals(ref)) {
      return false;
    }
    rows.put(worker, new Row(ref, capacity, evalCapacity, new TreeMap<>()));
    return true;
  }

  /** Forgets a worker; the groups that it held, in order. */
  List<Long> leave(String worker) {
    Row row = rows.remove(worker);
    return row == null ? List.of() : List.copyOf(row.held().keySet());
  }

  /**
   * The worker with the most room, the first by name among equals; empty when none has room for
   * such a group.
   */
  Optional<String> freest(boolean eval) {
    return rows.entrySet().stream()
        .filter(entry -> entry.getValue().free() >= entry.getValue().cost(eval))
        .max(
            Comparator.<Map.Entry<String, Row>>comparingInt(entry -> entry.getValue().free())
                .thenComparing(Map.Entry.comparingByKey(Comparator.reverseOrder())))
        .map(Map.Entry::getKey);
  }

  void assign(String worker, boolean eval, RolloutWorker.Generate generate) {
    Row row = rows.get(worker);
    if (row == null || row.free() < row.cost(eval)) {
      throw new IllegalStateException(
          "worker " + worker + " has no room for group " + generate.request().groupId());
    }
    row.held().put(generate.request().groupId(), row.cost(eval));
    row.ref().tell(generate);
  }

  /** Frees the room of a group; false when the worker does not hold it (any more). */
  boolean release(String worker, long groupId) {
    Row row = rows.get(worker);
    return row != null && row.held().remove(groupId) != null;
  }

  /** One phrase per worker, for a person who asks what a run waits for. */
  List<String> describe() {
    List<String> lines = new ArrayList<>();
    rows.forEach(
        (name, row) ->
            lines.add(
                name
                    + (row.held().isEmpty()
                        ? " is idle"
                        : " holds groups " + row.held().keySet())));
    return lines;
  }
}
