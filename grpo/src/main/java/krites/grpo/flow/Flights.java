package krites.grpo.flow;

import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import krites.grpo.PolicyVersion;
import krites.grpo.flow.GroupState.Phase;
import org.jspecify.annotations.Nullable;

/**
 * The groups in flight, found by id, phase, worker and age without looking at any other group.
 *
 * <p>Every change costs a few look-ups and one place in a tree, whatever is in flight.
 */
final class Flights {
  private final Map<Long, Flight> all = new LinkedHashMap<>(); // numbers rise, so oldest first
  private final TreeMap<Long, Flight> ready = new TreeMap<>();
  private final TreeMap<Long, Flight> parked = new TreeMap<>();
  private final TreeMap<Long, Flight> training = new TreeMap<>();
  private final TreeMap<Long, Set<Long>> untrainedByOldest = new TreeMap<>();
  private final Map<String, Set<Long>> byWorker = new HashMap<>();

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
    return byWorker.getOrDefault(worker, Set.of()).stream().sorted().toList();
  }

  /**
   * Those outside of training with a token of a version below {@code number}, oldest version first.
   */
  List<Long> withTokensBefore(long number) {
    return untrainedByOldest.headMap(number).values().stream()
        .flatMap(ids -> ids.stream().sorted())
        .toList();
  }

  // --- changes
  // -------------------------------------------------------------------------------------------------

  void add(Flight flight) {
    all.put(flight.id, flight);
    indexPhase(flight);
    indexAge(flight);
  }

  void remove(Flight flight) {
    all.remove(flight.id);
    unindexPhase(flight);
    unindexAge(flight);
  }

  /** A group goes on to another phase, or to other workers. */
  void move(Flight flight, Phase phase, List<String> workers) {
    move(flight, phase, workers, flight.oldest);
  }

  void move(Flight flight, Phase phase, List<String> workers, @Nullable PolicyVersion oldest) {
    boolean agesAnew = phase == Phase.TRAINING || !Objects.equals(oldest, flight.oldest);
    unindexPhase(flight);
    if (agesAnew) {
      unindexAge(flight);
    }
    flight.phase = phase;
    flight.workers = workers;
    flight.oldest = oldest;
    indexPhase(flight);
    if (agesAnew) {
      indexAge(flight);
    }
  }

  private void indexPhase(Flight flight) {
    switch (flight.phase) {
      case GENERATING ->
          flight.workers.forEach(
              worker -> byWorker.computeIfAbsent(worker, _ -> new HashSet<>()).add(flight.id));
      case PARKED -> parked.put(flight.id, flight);
      case SCORING -> {}
      case READY -> ready.put(flight.id, flight);
      case TRAINING -> training.put(flight.id, flight);
    }
  }

  private void unindexPhase(Flight flight) {
    switch (flight.phase) {
      case GENERATING -> flight.workers.forEach(worker -> remove(byWorker, worker, flight.id));
      case PARKED -> parked.remove(flight.id);
      case SCORING -> {}
      case READY -> ready.remove(flight.id);
      case TRAINING -> training.remove(flight.id);
    }
  }

  private void indexAge(Flight flight) {
    PolicyVersion oldest = flight.oldest;
    if (oldest != null && flight.phase != Phase.TRAINING) {
      untrainedByOldest.computeIfAbsent(oldest.number(), _ -> new HashSet<>()).add(flight.id);
    }
  }

  private void unindexAge(Flight flight) {
    PolicyVersion oldest = flight.oldest;
    if (oldest != null && flight.phase != Phase.TRAINING) {
      remove(untrainedByOldest, oldest.number(), flight.id);
    }
  }

  private static <K> void remove(Map<K, Set<Long>> index, K key, long id) {
    Set<Long> ids = index.get(key);
    if (ids != null && ids.remove(id) && ids.isEmpty()) {
      index.remove(key);
    }
  }
}
