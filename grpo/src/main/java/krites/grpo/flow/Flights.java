package krites.grpo.flow;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import krites.grpo.PolicyVersion;
import krites.grpo.flow.GroupState.Phase;
import org.jspecify.annotations.Nullable;

/**
 * The groups in flight, found by id, phase, worker and age without looking at any other group.
 *
 * <p>Every change costs a few steps in trees, whatever is in flight.
 */
final class Flights {
  private final TreeMap<Long, Flight> all = new TreeMap<>();
  private final TreeMap<Long, Flight> ready = new TreeMap<>();
  private final TreeMap<Long, Flight> parked = new TreeMap<>();
  private final TreeMap<Long, Flight> training = new TreeMap<>();
  private final TreeMap<Long, TreeSet<Long>> untrainedByOldest = new TreeMap<>();
  private final Map<String, TreeSet<Long>> byWorker = new HashMap<>();

  // --- questions
  // -----------------------------------------------------------------------------------------------

  int size() {
    return all.size();
  }

  @Nullable Flight find(long id) {
    return all.get(id);
  }

  /** All, oldest first. */
  Collection<Flight> all() {
    return Collections.unmodifiableCollection(all.values());
  }

  /** Those that may be trained, oldest first. */
  Collection<Flight> ready() {
    return Collections.unmodifiableCollection(ready.values());
  }

  /** Those of the batch in training, oldest first. */
  Collection<Flight> training() {
    return Collections.unmodifiableCollection(training.values());
  }

  /** The oldest that was cut and waits for a worker. */
  @Nullable Long firstParked() {
    return parked.isEmpty() ? null : parked.firstKey();
  }

  /** Those that a worker samples, oldest first. */
  List<Long> at(String worker) {
    TreeSet<Long> ids = byWorker.get(worker);
    return ids == null ? List.of() : List.copyOf(ids);
  }

  /**
   * Those outside of training with a token of a version below {@code number}, oldest version first.
   */
  List<Long> withTokensBefore(long number) {
    List<Long> ids = new ArrayList<>();
    untrainedByOldest.headMap(number).values().forEach(ids::addAll);
    return ids;
  }

  // --- changes
  // -------------------------------------------------------------------------------------------------

  void add(Flight flight) {
    all.put(flight.id, flight);
    index(flight);
  }

  void remove(Flight flight) {
    all.remove(flight.id);
    unindex(flight);
  }

  /** A group goes on to another phase, or to other workers. */
  void move(Flight flight, Phase phase, List<String> workers) {
    move(flight, phase, workers, flight.oldest);
  }

  void move(Flight flight, Phase phase, List<String> workers, @Nullable PolicyVersion oldest) {
    unindex(flight);
    flight.phase = phase;
    flight.workers = workers;
    flight.oldest = oldest;
    index(flight);
  }

  private void index(Flight flight) {
    switch (flight.phase) {
      case GENERATING ->
          flight.workers.forEach(
              worker -> byWorker.computeIfAbsent(worker, _ -> new TreeSet<>()).add(flight.id));
      case PARKED -> parked.put(flight.id, flight);
      case SCORING -> {}
      case READY -> ready.put(flight.id, flight);
      case TRAINING -> training.put(flight.id, flight);
    }
    PolicyVersion oldest = flight.oldest;
    if (oldest != null && flight.phase != Phase.TRAINING) {
      untrainedByOldest.computeIfAbsent(oldest.number(), _ -> new TreeSet<>()).add(flight.id);
    }
  }

  private void unindex(Flight flight) {
    switch (flight.phase) {
      case GENERATING -> flight.workers.forEach(worker -> remove(byWorker, worker, flight.id));
      case PARKED -> parked.remove(flight.id);
      case SCORING -> {}
      case READY -> ready.remove(flight.id);
      case TRAINING -> training.remove(flight.id);
    }
    PolicyVersion oldest = flight.oldest;
    if (oldest != null && flight.phase != Phase.TRAINING) {
      remove(untrainedByOldest, oldest.number(), flight.id);
    }
  }

  private static <K> void remove(Map<K, TreeSet<Long>> index, K key, long id) {
    TreeSet<Long> ids = index.get(key);
    if (ids != null && ids.remove(id) && ids.isEmpty()) {
      index.remove(key);
    }
  }
}
