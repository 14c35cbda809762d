package krites.actors;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import krites.grpo.Group;
import org.apache.pekko.actor.typed.ActorRef;
import org.jspecify.annotations.Nullable;

/**
 * Groups on their way through the reward workers. A group stays here until its rewards are there,
 * so a reward worker that dies loses nothing; a group that failed twice is given up.
 */
final class ScoreDesk {
  private static final int ATTEMPTS =
      2; // a second worker may succeed where one died; a third tells nothing new

  private record Work(Group group, int attempt, @Nullable String worker) {}

  private final Map<Long, Work> works = new LinkedHashMap<>();
  private final Map<String, ActorRef<RewardWorker.Command>> workers = new TreeMap<>();

  void join(String worker, ActorRef<RewardWorker.Command> ref) {
    workers.put(worker, ref);
    works.replaceAll(
        (id, work) -> work.worker() == null ? sent(work.group(), work.attempt()) : work);
  }

  /** Forgets a worker; the groups that are given up with it. */
  List<Long> leave(String worker) {
    workers.remove(worker);
    List<Long> held =
        works.entrySet().stream()
            .filter(entry -> worker.equals(entry.getValue().worker()))
            .map(Map.Entry::getKey)
            .toList();
    return held.stream().filter(id -> failed(worker, id)).toList();
  }

  void submit(Group group) {
    works.put(group.id(), sent(group, 1));
  }

  /** Ends the work on a group; false when this worker does not hold it (any more). */
  boolean done(String worker, long groupId) {
    boolean held = holds(worker, groupId);
    if (held) {
      works.remove(groupId);
    }
    return held;
  }

  /** Sends a group to a worker once more; true when it is given up instead. */
  boolean failed(String worker, long groupId) {
    Work work = works.get(groupId);
    if (work == null || !worker.equals(work.worker())) {
      return false;
    }
    if (work.attempt() == ATTEMPTS) {
      works.remove(groupId);
      return true;
    }
    works.put(groupId, sent(work.group(), work.attempt() + 1));
    return false;
  }

  /** One phrase per worker with work, for a person who asks what a run waits for. */
  List<String> describe() {
    Map<String, List<Long>> held = new TreeMap<>();
    works.forEach(
        (id, work) ->
            held.computeIfAbsent(
                    work.worker() == null ? "nobody" : work.worker(), k -> new ArrayList<>())
                .add(id));
    return held.entrySet().stream()
        .map(entry -> entry.getKey() + " scores groups " + entry.getValue())
        .toList();
  }

  private boolean holds(String worker, long groupId) {
    Work work = works.get(groupId);
    return work != null && worker.equals(work.worker());
  }

  private Work sent(Group group, int attempt) {
    Optional<String> worker = leastBusy();
    worker.map(workers::get).ifPresent(ref -> ref.tell(new RewardWorker.Score(group)));
    return new Work(group, attempt, worker.orElse(null));
  }

  private Optional<String> leastBusy() {
    return workers.keySet().stream()
        .min(
            Comparator.comparingLong(
                name ->
                    works.values().stream().filter(work -> name.equals(work.worker())).count()));
  }
}
